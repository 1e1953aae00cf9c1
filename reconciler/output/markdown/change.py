"""A change of a plan in Markdown, or several that are alike: whole, on a line, or by address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from textwrap import indent

from reconciler.errors import Location
from reconciler.model.plan import DESTROYS, Action, FieldChange
from reconciler.model.reports import Review, Weight
from reconciler.output.groups import Group, group_tasks, list_sentences, list_shown_fields
from reconciler.output.labels import CAUSES, SCOPES, find_repository_path, format_place, make_permalink
from reconciler.output.markdown.words import bullets, code, fence, fold, measure, prose, take
from reconciler.output.values import ValueDiff, is_nested
from reconciler.text import quote

MOST_LINES = 40
MOST_PLACES = 3
ADDRESSES_LIMIT = 16_000
TASK_LIMIT = 2_000
DELIVERS, RETIMED = "Stops or starts delivering", "Delivers at another time"
REST = "`--format json` lists all"


def _render_field(field: FieldChange, differ: ValueDiff) -> Iterator[str]:
    note = CAUSES[field.cause].note if field.before is not None else ""
    cause = f"  # {', '.join(filter(None, (field.rule, note)))}" if field.rule or note else ""
    if is_nested(field.before, field.after):
        yield f"  {field.path}:{cause}"
        for line in differ.lines(field.before, field.after, 1):
            yield f"{line.sign or ' '} {'  ' * line.depth}{line.text}"
    else:
        *first, last = (f"{line.sign} {field.path}: {line.text}" for line in differ.lines(field.before, field.after))
        yield from (*first, last + cause)


def list_tasks(review: Review) -> Iterator[str]:
    """The steps by hand, each with its addresses folded if these are many."""
    for task in group_tasks(review):
        listed = ", ".join(take((code(each, 100) for each in task.addresses), TASK_LIMIT, REST))
        more = f"\n\n{indent(fold(f'The {len(task.addresses):,} addresses', listed), '  ')}\n" if listed else ""
        yield prose(task.text) + more


class GroupMarkdown:
    """A change, or several that are alike, as a reviewer reads it. `destroys`: an object goes away; `delivers`: how
    deliveries change, empty if they do not. `has_ids`: whether the ids of objects are shown. `texts` has one for each
    Level of plan.py, the whole one first, and `sizes` the bytes of each with what stands around it."""

    def __init__(self, review: Review, group: Group, *, has_ids: bool = True) -> None:
        self.review = review
        self._has_ids = has_ids
        self.group = group
        self.change = group.first
        self.is_alone = len(group.changes) == 1
        self._sentences = list(list_sentences(review, group))
        self.destroys = self.change.action in DESTROYS
        weights = {weight for weight, _ in self._sentences}
        self.delivers = DELIVERS if weights & {Weight.STOPS, Weight.STARTS} else RETIMED * (Weight.RETIMES in weights)
        # The addresses alone, as many as a comment may list of one group.
        self._addresses = ", ".join(take((code(each, 100) for each in group.addresses), ADDRESSES_LIMIT, REST))
        self.texts = (self._render_whole(), self._render_line(), self._addresses, "")
        self.sizes = tuple(measure(text) + around for text, around in zip(self.texts, (2, 3, 2, 0), strict=True))

    def _render_whole(self) -> str:
        """What it does to people as sentences, and its fields as a diff. Steps by hand stand in the checklist alone."""
        notes = bullets(
            prose(text)
            for weight, text in self._sentences
            if weight or not any(text in (task, task.partition(": ")[2]) for task in self.review.tasks)
        )
        fields = () if self.change.action is Action.DELETE else list_shown_fields(self.review, self.change)
        differ = ValueDiff(self.review.plan.labels)
        diff = [line for field in fields for line in _render_field(field, differ)]
        if (more := len(diff) - MOST_LINES) > 1:
            diff[MOST_LINES:] = [f"  … {more:,} more lines: see the full plan"]
        parts = [" · ".join(self._list_head()), notes, fence(diff) if diff else ""]
        if not self.is_alone:
            parts.append(fold(f"The {len(self.group.changes):,} addresses", self._addresses))
        return "\n\n".join(part for part in parts if part)

    def _render_line(self) -> str:
        """The action and the address, and the gravest impact on people."""
        gravest = next((prose(text, 200) for weight, text in self._sentences if weight), "")
        if self.is_alone:
            return f"**{self.change.action}** {code(self.change.address)}" + (f": {gravest}" if gravest else "")
        return f"**{self.change.action}** {prose(self.group.title())}: {self._addresses}"

    def _list_head(self) -> Iterator[str]:
        change = self.change
        if self.is_alone:
            name = "" if change.action is Action.FORGET else f" {prose(quote(change.name))}"
            object_id = f" ({code(change.id)})" if change.id and self._has_ids else ""
            yield f"**{change.action}** {code(change.address)}{name}{object_id}"
            if place := self.review.find_place(change.address):
                yield self._render_place(place)
        else:
            places = self.group.places
            yield f"**{change.action}** {prose(self.group.title())}"
            for place, addresses in islice(places.items(), MOST_PLACES):
                yield self._render_place(place) + (f" ({len(addresses)})" if len(places) > 1 else "")
            yield from [f"{len(places) - MOST_PLACES} more places"] if len(places) > MOST_PLACES else []
        scopes = Counter(self.review.find_scope(each.address) for each in self.group.changes)
        for scope, number in scopes.items():
            if scope and SCOPES[scope].phrase:
                yield f"*{f'{number} ' if len(scopes) > 1 else ''}{SCOPES[scope].phrase}*"

    def _render_place(self, place: Location) -> str:
        """A place with its folder, as a link to the commit if the forge is known."""
        text = code(format_place(place._replace(file=find_repository_path(place.file))))
        link = make_permalink(place, self.review.gone.get(self.change.address, (place, self.review.commit))[1])
        return f"[{text}]({link})" if link else text
