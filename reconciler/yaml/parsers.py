"""The event parser of PyYAML in C. Its Python parser reads some texts otherwise, so it is not used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import yaml

from reconciler.errors import ReconcilerError

_PAIR_BEGINS: Final = ("\\ud", "\\uD")
_PAIR_FORM: Final = r"(?<!\\)((?:\\\\)*+\\u)([%s])([89abAB][0-9a-fA-F]{2}\\u)([%s])([c-fC-F][0-9a-fA-F]{2})"
_PAIR: Final = _PAIR_FORM % ("dD", "dD")
_MOVED_PAIR: Final = _PAIR_FORM % ("eE", "eE")
_MOVED: Final = "[\ue800-\uebff][\uec00-\uefff]"
_TAKEN: Final = r"[\ue800-\uefff]|\\(?:u|U0000)[eE][89a-fA-F]"


def _loader() -> Any:
    """PyYAML's loader with the C parser. ReconcilerError if PyYAML was built without it."""
    if not yaml.__with_libyaml__:
        hint = "install its wheel: pip install --force-reinstall --only-binary pyyaml pyyaml"
        raise ReconcilerError("PyYAML is installed without its C parser", hint=hint)
    return yaml.CSafeLoader


def parser_for(text: str) -> Any:
    """Return a parser over `text`: `get_event` returns one event after the other, None at the end."""
    make = _loader()
    if not any(begin in text for begin in _PAIR_BEGINS) or re.search(_TAKEN, text):
        return make(text)
    return _PairParser(make(re.sub(_PAIR, partial(_moved, by=1), text)))


def compose(text: str) -> Iterator[yaml.Node]:
    """The nodes of the documents of `text`, with their beginnings and ends. They hold no values for people."""
    return yaml.compose_all(re.sub(_PAIR, partial(_moved, by=1), text), _loader())


class _PairParser:
    """A parser of text with escaped surrogate pairs, which JSON uses for characters beyond U+FFFF, and YAML does not.

    The parser reads escapes of the private use area instead (E for D), which the text does not use. They have the same
    length, so all positions stay. The values then get the characters that the pairs mean.
    """

    def __init__(self, parser: Any) -> None:
        self._parser = parser
        self.dispose = parser.dispose

    def get_event(self) -> Any:
        """Return the next event. A pair is a character only in double quotes."""
        event = self._parser.get_event()
        if event.__class__ is yaml.ScalarEvent:
            is_quoted = event.style == '"'
            form, back = (_MOVED, _character) if is_quoted else (_MOVED_PAIR, partial(_moved, by=-1))
            event.value = re.sub(form, back, event.value)
        return event


def _moved(found: re.Match[str], by: int) -> str:
    """Return the escapes of a pair with the next letter (or the one before it) for its D, in the same case."""
    before, first, between, second, after = found.groups()
    return before + chr(ord(first) + by) + between + chr(ord(second) + by) + after


def _character(found: re.Match[str]) -> str:
    high, low = map(ord, found[0])
    return chr(0x10000 + ((high - 0xE800) << 10) + (low - 0xEC00))
