"""Text of others in Markdown, as GitHub and GitLab read it: it is shown as it is, and is no markup.

What could be markup, a mention, a reference or a link goes into a code span: neither host looks for any of them there
(GitHub: html-pipeline's filters leave `pre` and `code` out; GitLab: its reference filters and its quick actions do).
All else is plain words. Backslashes do not help: a host's filters read the text after these are gone, and
`\\@all` would notify everybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from textwrap import indent

from reconciler.output.labels import COMMIT
from reconciler.output.terminal import escape
from reconciler.text import format_count, truncate

_PLAIN = re.compile(r"(?:[\w.,;:()'\"?!/+=%–—→…°·-]|(?<=\w)\[[\w.-]{2,}\](?![(\[:]))+")  # noqa: RUF001 - the dashes that sentences of ours have
# Plain by its characters, and still something to a host: addresses, commits, JIRA-1, /close, !1, %1, :tada:, 1) or -.
# An underscore within a word is none, and so are brackets behind a word: `New_York`, `data.initiators[10]`.
_MEANS = re.compile(
    r"://|www\.|(?<![0-9a-z])[0-9a-f]{7,}(?![0-9a-z])|[a-z]\w*-\d|^[\"'(]*[/!%]\w|:\w+:|^(?:[-+=_]+|\d+[.)])$|_(?!\w)|(?<!\w)_|__",
    re.IGNORECASE,
)
_PIECES = re.compile(r'"(?:[^"\\]|\\.)*"|(?<![^\s(])`[^`]+`|\s+|[^\s"`]+|"|`')
_TO_PASTE = re.compile(r"(.*[:;] )((?:imports|moved|removed): \[\{[^\n]*\}\])")
LONGEST = 300


def code(text: str, longest: int = LONGEST) -> str:
    """A code span that shows the text, on one line, cut if it is long."""
    text = cut(escape(text), longest)
    if not text.strip():
        text = f'"{text}"'
    ticks = "`" * (_count_ticks(text) + 1)
    space = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{ticks}{space}{text}{space}{ticks}"


def prose(text: str, longest: int = LONGEST * 2) -> str:
    """A sentence that quotes names which we did not write. A word that could be markup stands in a code span, a text in
    quotes as a whole. What is in backticks is taken for a code span of ours."""
    spans: list[tuple[bool, str]] = [(True, "")]
    for found in _PIECES.finditer(cut(escape(text), longest)):
        piece = " " if found[0].isspace() else found[0]
        plain = all(_PLAIN.fullmatch(word) and not _MEANS.search(word) for word in piece.split())
        if plain == spans[-1][0]:
            spans[-1] = (plain, spans[-1][1] + piece)
        else:
            spans.append((plain, piece))
    return "".join(span if plain else _render_span(span, longest) for plain, span in spans).strip()


def commit(text: str) -> str:
    """A commit: bare if it is nothing else, since hosts make a link of it."""
    return text if COMMIT.fullmatch(text) else prose(text)


def fence(lines: Iterable[str], language: str = "diff") -> str:
    """A fenced block of lines, which no line of it can close."""
    block = "\n".join(escape(line) for line in lines)
    ticks = "`" * max(3, _count_ticks(block) + 1)
    return f"{ticks}{language}\n{block}\n{ticks}"


def fold(summary: str, body: str) -> str:
    """A block that opens when it is clicked. `summary` is of our own words: it is HTML."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"


def strong(text: str) -> str:
    """The text in bold type: for what is grave."""
    return f"**{text}**"


def count_words(counts: Iterable[tuple[int, str, bool]]) -> str:
    """`**1 to delete**, 2 to create`: each a number, a phrase, and whether it is grave."""
    return ", ".join((strong if grave else str)(f"{number:,} {phrase}") for number, phrase, grave in counts if number)


def bullets(sentences: Iterable[str], sign: str = "-") -> str:
    """A list of sentences that are Markdown already."""
    return "\n".join(f"{sign} {sentence}" for sentence in sentences)


def list_below(heading: str, sentences: Iterable[str], limit: int, rest: str, sign: str = "-") -> Iterator[str]:
    """A heading and the sentences, in at most so many bytes; nothing if there are none. `rest`: where more are."""
    if listed := list(take(sentences, limit, rest)):
        yield f"#### {heading}"
        yield bullets(listed, sign)


def render_with_line(text: str) -> str:
    """A sentence as `prose` makes it. YAML at its end, which a person pastes, is a block of its own."""
    found = _TO_PASTE.fullmatch(text)
    if found is None or len(text) > LONGEST * 2:
        return prose(text)
    return f"{prose(found[1])}\n\n{indent(fence([found[2]], 'yaml'), '  ')}\n"


def cut(text: str, longest: int) -> str:
    """The text, or its beginning and how much more there is."""
    return truncate(text, longest, f"… ({len(text) - longest:,} characters more)")


def take(sentences: Iterable[str], remaining: int, rest: str) -> Iterator[str]:
    """The first sentences, as many as fit into the remaining bytes, then how many are left. `rest`: where they are."""
    listed = list(sentences)
    for index, sentence in enumerate(listed):
        remaining -= measure(sentence) + len("- [ ] \n")
        if remaining < 0:
            yield f"… and {len(listed) - index:,} more; {rest}"
            return
        yield sentence


def measure(text: str) -> int:
    """The bytes of a text. A host that counts characters counts no more than that."""
    return len(text.encode("utf-8", "surrogatepass"))


def _render_span(span: str, longest: int) -> str:
    """A code span, and after it the punctuation that ends the clause."""
    inner = span.rstrip(",.;:")
    ours = len(inner) > len("``") and inner[0] == inner[-1] == "`" and "`" not in inner[1:-1]
    return code(inner[1:-1] if ours else inner, longest * 2) + span[len(inner) :] if inner else code(span)


def _count_ticks(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def name_place(environment: str | int, configuration: str | None) -> str:
    """The environment of a title, or how many there are, with the configuration's name if it has one."""
    named = format_count(environment, "environment") if isinstance(environment, int) else code(environment)
    return named + (f" of {code(configuration)}" if configuration else "")
