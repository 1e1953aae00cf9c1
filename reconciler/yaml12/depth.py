"""How deep brackets nest in text that a parser has looked at, and that is no event yet.

A parser looks ahead for a colon: along a line, up to 1024 characters. The brackets in there are open in the parser
before the builder sees the first one, and a parser may have a limit of its own for them.
"""

from __future__ import annotations

import re
from typing import Final

# One token, and the white space before it. Quoted text is one token, closed or not. Quotes begin one only here: the
# one in `it's` is part of the plain text before it.
_TOKEN: Final = re.compile(
    r"""(?xs) \s*+ (?:
      (?P<open> [\[{] )
    | (?P<close> [\]}] )
    | " (?: [^"\\]++ | \\. )*+ (?: "|\\? )
    | ' [^']*+ '?
    | [&*!] [^\s,\[\]{}]*+
    | [-?:] (?= \s )
    | \# [^\r\n]*+
    | (?P<plain> , | [^\s,\[\]{}]++ )
    )"""
)
_LINE_END: Final = re.compile(r"[\r\n]")


def too_deep(text: str, levels: int, *, in_brackets: bool) -> int | None:
    """Return the index of the bracket that opens one level more than `levels`, or None if there is none.

    `text` begins between two tokens; `in_brackets` tells whether it begins within brackets.
    """
    position = opened = 0
    while (token := _TOKEN.match(text, position)) is not None:
        position = token.end()
        if token["open"]:
            opened += 1
            if opened > levels:
                return position - 1
        elif token["close"]:
            opened -= 1
        elif token["plain"] and opened <= 0 and not in_brackets:
            # Outside of brackets, plain text goes on to the end of its line, whatever it holds.
            line_end = _LINE_END.search(text, position)
            position = line_end.end() if line_end else len(text)
    return None


def closes(text: str) -> bool:
    """Tell whether the bracket that `text` begins with is closed in it."""
    position = opened = 0
    while (token := _TOKEN.match(text, position)) is not None:
        position = token.end()
        opened += 1 if token["open"] else -1 if token["close"] else 0
        if not opened:
            return True
    return False
