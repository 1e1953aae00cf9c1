"""A comment as a host reads it: by a CommonMark parser with GitHub's tables, raw HTML let through as it came."""

from __future__ import annotations

import re
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OURS = re.compile(
    r"<details><summary>(?:[\w ,;.:()/='…-]|<code>|</code>)+</summary>|</details>|<!-- reconciler \{.*\} -->"
)
# What hosts look for in text once it is parsed: mentions, references, addresses, e-mail, quick actions, emoji, math.
ALIVE = re.compile(
    r"@\w|[#!~%&$]\d|[#~%$]\w|GH-\d|[a-z]\w*-\d|://|www\.|\S@\S|^/\w|:\w+:|(?<![0-9a-z])[0-9a-f]{7,39}(?![0-9a-z])|\$",
    re.I,
)


@dataclass(frozen=True)
class Reading:
    """`text` is what stands outside of code, a line each; `codes` are the code spans, `fences` the fenced blocks,
    `html` the raw HTML, `kinds` the names of all tokens."""

    text: tuple[str, ...]
    codes: tuple[str, ...]
    fences: tuple[str, ...]
    html: tuple[str, ...]
    kinds: frozenset[str]
    headings: tuple[str, ...]

    @property
    def all(self) -> str:
        """Everything that a person sees."""
        return "\n".join((*self.text, *self.codes, *self.fences))

    @property
    def last(self) -> str:
        """The last line outside of code: the footer, where no fence and no block has swallowed it."""
        return self.text[-1]


def read(comment: str) -> Reading:
    """The comment, parsed. Fails where a tag of ours is not closed."""
    tokens = [inner for token in PARSER.parse(comment) for inner in (token, *(token.children or ()))]
    html = tuple(
        line for token in tokens if token.type.startswith("html") for line in token.content.split("\n") if line
    )
    depth = 0
    for line in html:
        depth += line.count("<details>") - line.count("</details>")
        assert depth >= 0, line
    assert depth == 0, "a <details> is not closed"
    return Reading(
        tuple(token.content for token in tokens if token.type == "text" and token.content.strip()),
        tuple(token.content for token in tokens if token.type == "code_inline"),
        tuple(token.content for token in tokens if token.type == "fence"),
        html,
        frozenset(token.type for token in tokens),
        tuple(_headings(tokens)),
    )


def require_harmless(comment: str) -> Reading:
    """Nothing of the comment does anything: no HTML but ours, no link, no picture, no mention, no reference."""
    reading = read(comment)
    strangers = [line for line in reading.html if not OURS.fullmatch(line)]
    assert not strangers, strangers
    assert not reading.kinds & {"link_open", "image", "table_open", "s_open", "code_block", "blockquote_open"}
    alive = [
        line
        for line in reading.text
        if (found := ALIVE.search(line)) and not re.fullmatch(r".*\b[0-9a-f]{40}\b.*", line) and found
    ]
    assert not alive, alive
    return reading


def _headings(tokens: list[Token]) -> list[str]:
    return [tokens[at + 1].content for at, token in enumerate(tokens) if token.type == "heading_open"]
