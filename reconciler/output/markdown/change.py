"""One change of a plan in Markdown: whole, on a line, or by its address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.model.plan import DESTROYS, Action, Cause, Change, FieldChange
from reconciler.model.reports import Review, Scope, Weight
from reconciler.output.labels import CAUSES, SCOPES
from reconciler.output.markdown.sizes import Sizes
from reconciler.output.markdown.words import bullets, code, fence, prose, size
from reconciler.output.values import ValueDiff, cut, cut_both, plain
from reconciler.text import quote

MOST_LINES = 40


def diff_of(change: Change, labels: Mapping[str, str]) -> list[str]:
    """The lines of a ```diff block, in the order of the fields; empty if no field says anything."""
    if change.action is Action.DELETE:
        return []
    differ = ValueDiff(labels)
    lines = [line for field in change.fields for line in _field(field, differ)]
    more = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], f"  … {more:,} more lines: see the full plan"] if more > 1 else lines


def _field(field: FieldChange, differ: ValueDiff) -> Iterator[str]:
    note = CAUSES[field.cause].note if field.before is not None else ""
    cause = f"  # {note}" if note else ""
    before, after = field.before, field.after
    if any(isinstance(each, dict | list) for each in (before, after)):
        yield f"  {field.path}:{cause}"
        for line in differ.lines(before, after, 1):
            yield f"{line.sign or ' '} {'  ' * line.depth}{line.text}"
    elif after is None:
        yield f"- {field.path}: {cut(plain(before))}{cause}"
    elif before is None:
        yield f"+ {field.path}: {cut(plain(after))}"
    else:
        old, new = cut_both(plain(before), plain(after))
        yield f"- {field.path}: {old}"
        yield f"+ {field.path}: {new}{cause}"


DELIVERS = frozenset({Weight.STOPS, Weight.STARTS})
HARMLESS = frozenset({Weight.FEEDS})


class ChangeMarkdown:
    """A change as a reviewer reads it."""

    def __init__(self, review: Review, change: Change) -> None:
        self._review = review
        self.change = change
        self._impacts = review.impacts.get(change.address, ())

    @property
    def destroys(self) -> bool:
        """Whether an object goes away."""
        return self.change.action in DESTROYS

    @property
    def delivers(self) -> bool:
        """Whether something stops or starts to be sent."""
        return any(impact.weight in DELIVERS for impact in self._impacts)

    @property
    def is_mere_drift(self) -> bool:
        """Whether it only takes back what somebody changed outside, and hurts nobody."""
        if self.change.action is not Action.UPDATE or any(each.weight not in HARMLESS for each in self._impacts):
            return False
        scope = self._review.find_scope(self.change.address)
        causes = {field.cause for field in self.change.fields}
        return scope is Scope.DRIFT or (scope is None and causes == {Cause.DRIFT})

    def sizes(self) -> Sizes:
        """What each way of showing it takes, with what stands around it."""
        return Sizes(size(self.whole()) + 2, size(self.line()) + 3, size(self.by_address()) + 2)

    def whole(self) -> str:
        """All of it: what it does to people as sentences, its fields as a diff."""
        sentences = [prose(impact.text) for impact in self._impacts] + [prose(note) for note in self._notes()]
        diff = diff_of(self.change, self._review.plan.labels)
        parts = [self._head(), bullets(sentences), fence(diff) if diff else ""]
        return "\n\n".join(part for part in parts if part)

    def line(self) -> str:
        """What it is, and the gravest that it does to people."""
        gravest = f": {prose(self._impacts[0].text, 200)}" if self._impacts else ""
        return f"**{self.change.action}** {code(self.change.address)}{gravest}"

    def by_address(self) -> str:
        """Its address alone."""
        return code(self.change.address, 100)

    def _head(self) -> str:
        return " · ".join(self._head_parts())

    def _head_parts(self) -> Iterator[str]:
        change = self.change
        name = "" if change.action is Action.FORGET else f" {prose(quote(change.name))}"
        object_id = f" ({code(change.id)})" if change.id else ""
        yield f"**{change.action}** {code(change.address)}{name}{object_id}"
        if place := self._review.find_place(change.address):
            yield code(str(place))
        scope = self._review.find_scope(change.address)
        if scope and SCOPES[scope].phrase:
            yield f"*{SCOPES[scope].phrase}*"

    def _notes(self) -> Iterator[str]:
        """What the plan says of it, but for what is on the checklist or among the impacts already."""
        listed = {impact.text for impact in self._impacts}
        for note in self._review.remarks_on(self.change):
            is_task = f"{self.change.address}: {note}" in self._review.tasks or note in self._review.tasks
            if note not in listed and not is_task:
                yield note
