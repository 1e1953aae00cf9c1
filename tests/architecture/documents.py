"""The documents, read as a code host reads them: links, headings, sentences and commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from .imports import ROOT

README = ROOT / "README.md"
COMMANDS = ROOT / "examples" / "commands" / "README.md"
DOCUMENTS = (
    README,
    *sorted((ROOT / ".github").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
    *sorted((ROOT / "tests").rglob("README.md")),
)
GENERATED = re.compile(r"<!-- (commands|help|bench|licences|speed) -->")
NOT_RUN = re.compile(r"<!-- not run: (.+) -->")
IN_HTML = re.compile(r"\b(?:src|srcset|href)=\"([^\"]+)\"")
SENTENCE_END = re.compile(r"(?<=[.!?])[\"')*]*\s+(?=[A-Z\"'(`])")
CODE = "`code`"


@dataclass(frozen=True)
class Text:
    """A paragraph, a list item, a heading or a cell of a table. A code span in it is one word, `` `code` ``."""

    line: int
    text: str

    def sentences(self) -> list[str]:
        """Its sentences. A colon and a semicolon end none."""
        return [each for each in SENTENCE_END.split(self.text) if each]


@dataclass(frozen=True)
class Block:
    """A block of commands, and the reason why it is not run, if there is one."""

    line: int
    text: str
    not_run: str = ""


def name_of(path: Path) -> str:
    """A document's path below the top of the repository."""
    return path.relative_to(ROOT).as_posix()


@cache
def tokens(path: Path) -> tuple[Token, ...]:
    """The parsed document."""
    return tuple(MarkdownIt("commonmark").enable("table").parse(path.read_text(encoding="utf-8")))


def texts(path: Path) -> Iterator[Text]:
    """Everything that is prose. What a command generates is left out: its words are those of the program."""
    generated = ""
    for token in tokens(path):
        if token.type == "html_block":
            if begin := GENERATED.search(token.content):
                generated = begin[1]
            if f"<!-- /{generated} -->" in token.content:
                generated = ""
        elif token.type == "inline" and not generated:
            yield Text(_line(token), _plain(token))


def headings(path: Path) -> set[str]:
    """The anchors of a document, made as GitHub makes them."""
    found: set[str] = set()
    for before, token in zip(tokens(path), tokens(path)[1:], strict=False):
        if before.type == "heading_open":
            words = "".join(child.content for child in token.children or () if child.type in ("text", "code_inline"))
            found.add(re.sub(r"[^\w\- ]", "", words.lower()).replace(" ", "-"))
    return found


def links(path: Path) -> Iterator[tuple[int, str]]:
    """Line and target of every link and picture."""
    for token in tokens(path):
        if token.type == "html_block":
            yield from ((_line(token), target) for target in IN_HTML.findall(token.content))
        for child in token.children or ():
            target = child.attrGet("href") or child.attrGet("src")
            if target:
                yield _line(token), str(target)


def code_spans(path: Path) -> Iterator[tuple[int, str]]:
    """Line and content of every code span."""
    for token in tokens(path):
        yield from ((_line(token), child.content) for child in token.children or () if child.type == "code_inline")


def blocks(path: Path) -> Iterator[Block]:
    """Every block of commands (`sh`), in order."""
    reason = ""
    for token in tokens(path):
        if token.type == "fence" and token.info.split()[:1] == ["sh"]:
            yield Block(_line(token), token.content, reason)
        found = NOT_RUN.search(token.content) if token.type == "html_block" else None
        reason = found[1] if found else ""


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 0


def _plain(token: Token) -> str:
    words = {"code_inline": CODE, "softbreak": " ", "hardbreak": " ", "html_inline": ". "}
    return "".join(words.get(child.type, child.content) for child in token.children or ())
