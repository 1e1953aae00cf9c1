"""What the answers for several environments in Markdown share: a table, and a section for each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.errors import ConfigurationInvalid, NotBegun
from reconciler.model.reports import Ended
from reconciler.output.markdown.reports import REST, error_parts
from reconciler.output.markdown.words import code, fitting, folded, prose, size
from reconciler.text import counted, share_out

OPEN = 3
"""The environments are folded if they are more."""
TABLE_ROOM = 14_000
AROUND = 700
"""Bytes of what stands around the text of an environment, or of a set of them."""
LEAST = 350
"""Bytes that the shortest text of an environment takes, about."""
LONGEST_ERROR = 200
FULL = "the full answer is in this run's artefact, or comes with `--format json`"


@dataclass(frozen=True, slots=True)
class Section:
    """What is said of an environment below the table. `make` shows it in at most so many bytes, about."""

    head: str
    text: str
    make: Callable[[int], str]


def strong(text: str) -> str:
    """The text, marked as grave."""
    return f"**{text}**"


def count_words(counts: Iterable[tuple[int, str, bool]]) -> str:
    """`**1 to delete**, 2 to create`: each a number, a phrase, and whether it is grave."""
    return ", ".join((strong if grave else str)(f"{number:,} {phrase}") for number, phrase, grave in counts if number)


def count_ends(ended: Sequence[Ended[Any]]) -> str:
    """How many environments have no answer."""
    errors = [each.error for each in ended if each.value is None and each.error]
    not_begun = sum(isinstance(each.error, NotBegun) for each in ended)
    failed = len([each for each in errors if not isinstance(each, NotBegun)])
    left_out = sum(bool(each.left_out) for each in ended)
    said = count_words([(failed, "failed", True), (not_begun, "not begun", True), (left_out, "left out", False)])
    return f"; environments: {said}" if said else ""


def make_table(
    ended: Sequence[Ended[Any]],
    head: str,
    cells: Callable[[Ended[Any]], Sequence[str]],
    weigh: Callable[[Ended[Any]], int],
) -> str:
    """A row for each environment, as many as there is room for: if that is not all, those that are grave first, with
    how much of that is in the others."""
    rows = {
        each.environment: " | ".join(_cell(cell) for cell in (code(each.environment), *cells(each))) for each in ended
    }
    if sum(map(size, rows.values())) > TABLE_ROOM:
        ended = sorted(ended, key=lambda each: not (each.error or weigh(each)))
    room, lines = TABLE_ROOM, [head, "|---" * (head.count("|") - 1) + "|"]
    for at, each in enumerate(ended):
        room -= size(rows[each.environment]) + len("|  |\n")
        if room < 0:
            rest = ended[at:]
            failed, grave = sum(bool(each.error) for each in rest), sum(map(weigh, rest))
            said = count_words([(failed, "of them failed", True), (grave, "objects to look at", True)])
            return "\n".join(lines) + f"\n\n… and {len(rest):,} more environments" + (f": {said}" if said else "")
        lines.append(f"| {rows[each.environment]} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def failed_cell(ended: Ended[Any]) -> str:
    """Why there is no answer for an environment."""
    error = ended.error
    if error is None:
        return f"left out: {prose(ended.left_out)}"
    if isinstance(error, NotBegun):
        return prose(str(error), LONGEST_ERROR)
    said = counted(len(error.problems), "problem") if isinstance(error, ConfigurationInvalid) else ""
    return f"**failed**: {said or prose(str(error).partition(chr(10))[0], LONGEST_ERROR)}"


def parts_section(environment: str, said: str, parts: Sequence[str]) -> Section:
    """An environment with its paragraphs, the first of which matter most."""
    text = "\n\n".join(parts)
    return Section(
        f"<code>{environment}</code>: {said}", text, lambda room: "\n\n".join(fitting(parts, room - AROUND, REST))
    )


def error_section(ended: Ended[Any], more: Sequence[str] = ()) -> Section | None:
    """Why an environment failed, and what to do, and `more`; None if it did not fail, or was not begun."""
    if ended.error is None or isinstance(ended.error, NotBegun):
        return None
    return parts_section(ended.environment, "failed", [*error_parts(ended.error), *more])


def show_sections(sections: Sequence[Section], room: int) -> Iterator[str]:
    """What is said of each environment, folded if they are many."""
    told = [each for each in sections if each.text]
    most = max(0, room) // (max(size(each.head) for each in told) + LEAST) if told else 0
    told, left = told[:most], len(told[most:])
    around = sum(size(each.head) + 60 for each in told)
    rooms = share_out(room - around, [size(each.text) for each in told])
    for each, own in zip(told, rooms, strict=True):
        text = each.text if size(each.text) <= own else each.make(own)
        yield folded(each.head, text) if len(sections) > OPEN else f"### {_heading(each.head)}\n\n{text}"
    if left:
        yield strong(f"{left:,} more environments are not shown here") + f": {FULL}."


def _heading(head: str) -> str:
    return head.replace("<code>", "`").replace("</code>", "`")
