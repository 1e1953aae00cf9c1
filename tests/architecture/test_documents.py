"""The documents are in plain English, and their links lead to something."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from .documents import DOCUMENTS, Text, code_spans, headings, links, name_of, texts
from .imports import ROOT
from .readme import help_texts

WORDS = 25
INSTEAD = {
    r"(?:^|[.;:] )Where (?!to\b)": "if",
    r"\bwhere (?:nothing|nobody|somebody|something|there)\b": "if",
    r"\b(?:whereby|wherein|wherever|hence|thereof|thus|lest|aught|anew|perhaps)\b": "a common word",
    r"\b(?:e\.g\.|i\.e\.|etc\.)": "for example, that is",
    r"\b(?:simply|just|obviously|easily|of course|as ever)\b": "nothing",
    r"\bmakes? it so\b": "what happens",
    r"\b(?:under way|at hand|on the way|in one go|put right|for one errand)\b": "running, available, …",
    r"\bholes?\b": "vulnerability",
    r"\b(?:of ours|of our own)\b": "the name of the thing",
    r"\b(?:is|are) nowhere\b": "is in no …",
    r"\bnobody is there\b": "no object exists",
    r"\b(?:nothing|all|none) but\b": "only, except",
    r"\b(?:bad day|come what may|goes? wrong|went wrong)\b": "failure",
    r"\b(?:doors?|rooms?|walls?|house|errands?|veils?|twins?)\b": "the field's word",
    r"\b(?:bears?|bore|borne|struck out)\b": "has, redacts",
    r"\b(?:is|are|was|were) to be\b": "will, must",
}
"""Pattern of what is not written → what to write."""


def test_a_sentence_has_at_most_25_words() -> None:
    """A code span counts as one word. A cell of a table and an item of a list are read by themselves."""

    def long(text: Text) -> Iterator[str]:
        for sentence in text.sentences():
            count = len(re.findall(r"\S*\w\S*", sentence))
            if count > WORDS:
                yield f"{count} words: {sentence}"

    offenders = _offenders(long)
    assert not offenders, "\n".join(["", *offenders])


def test_words_that_have_to_be_read_twice_are_not_used() -> None:
    """Each with what to write."""

    def odd(text: Text) -> Iterator[str]:
        for pattern, instead in INSTEAD.items():
            for found in re.finditer(pattern, text.text, re.IGNORECASE if "Where" not in pattern else 0):
                around = text.text[max(0, found.start() - 40) : found.end() + 40]
                yield f"“{found[0].strip()}” in “{around}”: write {instead}"

    offenders = _offenders(odd)
    assert not offenders, "\n".join(["", *offenders])


def test_links_lead_somewhere() -> None:
    """Files exist in the repository, anchors are headings, and other links are https."""
    broken = [
        f"{name_of(page)}:{line}: {target}"
        for page in DOCUMENTS
        for line, target in links(page)
        if not _leads_somewhere(page, target)
    ]
    assert not broken, "\n".join(["", *broken])


def test_a_command_in_a_sentence_exists() -> None:
    """`reconciler WORD …` in a code span names a command of the program."""
    commands = help_texts()
    unknown = [
        f"{name_of(page)}:{line}: {code}"
        for page in DOCUMENTS
        for line, code in code_spans(page)
        if (words := code.split())[0] == "reconciler" and len(words) > 1 and words[1] != "COMMAND"
        if " ".join(words[: 3 if words[1] == "state" else 2]) not in commands
    ]
    assert not unknown, "\n".join(["", *unknown])


def test_every_guide_is_linked_from_the_readme() -> None:
    """By itself, or by a document that the README links to."""
    reached: set[Path] = set()
    waiting = [DOCUMENTS[0]]
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            targets = [(page.parent / urlsplit(target).path).resolve() for _, target in links(page)]
            waiting += [target for target in targets if target in DOCUMENTS]
    assert set(DOCUMENTS) - reached == set()


def _leads_somewhere(page: Path, target: str) -> bool:
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return parts.scheme == "https"
    file = (page.parent / parts.path).resolve() if parts.path else page
    if not file.is_relative_to(ROOT) or not file.exists():
        return False
    return not parts.fragment or parts.fragment in headings(file)


def _offenders(found_in: Callable[[Text], Iterator[str]]) -> list[str]:
    return [
        f"{name_of(page)}:{text.line}: {found}"
        for page in DOCUMENTS
        for text in texts(page)
        for found in found_in(text)
    ]
