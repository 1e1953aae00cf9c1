"""A plan as the comment under a pull request. What destroys comes first and whole, the least important goes first.

GitHub cuts nothing off: it refuses a body of more than 65,536 characters (422, «Body is too long (maximum is 65536
characters)»); GitLab's notes may have 1,000,000. One budget holds for both.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import IntEnum
from itertools import accumulate, islice
from textwrap import indent

from reconciler.model.approval import format_marker, make_marker
from reconciler.model.plan import DESTROYS, Action, FieldChange
from reconciler.model.reports import Review, Weight
from reconciler.output import labels
from reconciler.output.groups import Group, find_groups, group_new_by_kind, group_tasks, list_shown_fields
from reconciler.output.labels import ACTIONS, CAUSES, SCOPES
from reconciler.output.markdown import words
from reconciler.output.markdown.words import bullets, code, fold, measure, prose, take
from reconciler.output.values import ValueDiff, describe_ignored, describe_waiting, is_nested
from reconciler.text import format_count, quote

TEXT_LIMIT = 46_000
"""Bytes of all that people read, of the 65,536 that a forge takes. The rest is for the hidden mark, and for what
`reconciler comment` adds: the history, and the approval of an earlier mark."""
AROUND = 2_500  # bytes of headings, and of the sentences that say what is left out
OPEN = 10  # more changes than this are folded, if they are not grave
TASKS_LIMIT, WARNINGS_LIMIT, REFUSALS_LIMIT, IGNORED_LIMIT, UNMANAGED_LIMIT = 8_000, 4_000, 6_000, 2_000, 8_000
KIND_LIMIT, TASK_LIMIT, ADDRESSES_LIMIT = 1_000, 2_000, 16_000
MOST_LINES = 40  # of the differences of one change
MOST_PLACES = 3
DELIVERS, RETIMED = "Stops or starts delivering", "Delivers at another time"
REST = "`--format json` lists all"
FULL_PLAN = "the full plan is in this run's artefact, or comes with `--report html=FILE`"
FULL_PLAN_HTML = re.sub(r"`(.+?)`", r"<code>\1</code>", FULL_PLAN)


class Level(IntEnum):
    """How much is shown of a change."""

    WHOLE = 0
    LINE = 1
    ADDRESS = 2
    LEFT_OUT = 3


class GroupMarkdown:
    """A change, or several that are alike, as a reviewer reads it. `destroys`: an object goes away; `delivers`: how
    deliveries change, empty if they do not. `has_ids`: whether the ids of objects are shown. `texts` has one for each
    Level, the whole one first, and `sizes` the bytes of each with what stands around it. `level` is the one
    that there is room for."""

    level = Level.WHOLE

    def __init__(self, group: Group, *, has_ids: bool = True) -> None:
        self.group = group
        self.review = group.review
        self.change = group.first
        self.is_alone = len(group.changes) == 1
        self._object_id = f" ({code(self.change.id)})" if self.change.id and has_ids else ""
        self._sentences = list(group.list_sentences())
        self.destroys = self.change.action in DESTROYS
        weights = {weight for weight, _ in self._sentences}
        self.delivers = DELIVERS if weights & {Weight.STOPS, Weight.STARTS} else RETIMED * (Weight.RETIMES in weights)
        # The addresses alone, as many as a comment may list of one group.
        addresses = ", ".join(take((code(each, 100) for each in group.addresses), ADDRESSES_LIMIT, REST))
        # On a line: the action and the address, and the gravest impact on people.
        what = code(self.change.address) if self.is_alone else prose(group.title)
        after = addresses
        if self.is_alone:
            after = next((prose(text, 200) for weight, text in self._sentences if weight), "")
        line = f"**{self.change.action}** {what}" + (f": {after}" if after else "")
        self.texts = (self._render_whole(addresses), line, addresses, "")
        self.sizes = tuple(measure(text) + around for text, around in zip(self.texts, (2, 3, 2, 0), strict=True))

    def _render_whole(self, addresses: str) -> str:
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
        parts = [" · ".join(self._list_head()), notes, words.fence(diff) if diff else ""]
        if not self.is_alone:
            parts.append(fold(f"The {len(self.group.changes):,} addresses", addresses))
        return "\n\n".join(part for part in parts if part)

    def _list_head(self) -> Iterator[str]:
        """What is done to what, where it is written, and from where it comes."""
        change, places = self.change, self.group.places
        if self.is_alone:
            name = "" if change.action is Action.FORGET else f" {prose(quote(change.name))}"
            yield f"**{change.action}** {code(change.address)}{name}{self._object_id}"
            place = self.review.find_place(change.address)
            places = {place: ()} if place else {}
        else:
            yield f"**{change.action}** {prose(self.group.title)}"
        for place, addresses in islice(places.items(), MOST_PLACES):
            # With its folder, and as a link to the commit if the forge is known.
            text = code(labels.format_place(place._replace(file=labels.find_repository_path(place.file))))
            link = labels.make_permalink(place, self.review.gone.get(change.address, (place, self.review.commit))[1])
            yield (f"[{text}]({link})" if link else text) + (f" ({len(addresses)})" if len(places) > 1 else "")
        yield from [f"{len(places) - MOST_PLACES} more places"] if len(places) > MOST_PLACES else []
        scopes = self.group.count_scopes()
        for scope, number in scopes.items():
            if scope and SCOPES[scope].phrase:
                yield f"*{f'{number} ' if len(scopes) > 1 else ''}{SCOPES[scope].phrase}*"


def _render_field(field: FieldChange, differ: ValueDiff) -> Iterator[str]:
    note = CAUSES[field.cause].note if field.before is not None else ""
    cause = f"  # {', '.join(filter(None, (field.rule, note)))}" if field.rule or note else ""
    if is_nested(field.before, field.after):
        yield f"  {field.path}:{cause}"
        for line in differ.compare(field.before, field.after, 1):
            yield f"{line.sign or ' '} {'  ' * line.depth}{line.text}"
    else:
        *first, last = (f"{line.sign} {field.path}: {line.text}" for line in differ.compare(field.before, field.after))
        yield from (*first, last + cause)


def render_plan(review: Review) -> str:
    """A plan for a reviewer. `reconciler comment` finds it by the hidden mark in its first line."""
    marker = format_marker(make_marker("plan", review.plan, review.commit, review.base))
    return f"{marker}\n{describe_plan(review, TEXT_LIMIT, end=render_footer([review], review.plan.digest))}"


def describe_plan(review: Review, limit: int, elsewhere: frozenset[str] = frozenset(), end: str = "") -> str:
    """What people read of a plan, in at most so many bytes, with `end` at the end. `elsewhere`: the addresses that are
    shown elsewhere, for several environments."""
    plan = review.plan
    where, api = words.name_place(plan.environment, plan.configuration), labels.format_api(plan.api, code)
    before = [f"Plan for {where}: {labels.count_changes(plan, words.strong)}{api}"]
    if plan.refusals:
        why = [f"{prose(each.message)} To pass: {prose(each.passes)}" for each in plan.refusals]
        before += ["**Refused: this plan will not be applied.**", bullets(take(why, REFUSALS_LIMIT, FULL_PLAN))]
    after = []
    if plan.waiting:
        after.append(bullets(take((prose(describe_waiting(each)) for each in plan.waiting), WARNINGS_LIMIT, FULL_PLAN)))
    after += words.list_below("To do by hand", list_tasks(review), TASKS_LIMIT, FULL_PLAN, "- [ ]")
    after += words.list_below("Warnings", map(words.render_with_line, plan.warnings), WARNINGS_LIMIT, FULL_PLAN)
    if plan.ignored:
        listed = map(prose, describe_ignored(plan.ignored, plan.labels))
        summary = f"{format_count(len(plan.ignored), 'field')} that <code>ignore_changes</code> holds"
        after.append(fold(summary, bullets(take(listed, IGNORED_LIMIT, FULL_PLAN))))
    left = limit - AROUND - sum(measure(part) + 2 for part in (*before, *after, end))
    groups = [each for each in find_groups(review) if not elsewhere.issuperset(each.addresses)]
    changes, used = render_sections([GroupMarkdown(each) for each in groups], group_new_by_kind(groups), left)
    if others := plan.unmanaged:
        unmanaged = (f"{each.kind} {prose(quote(each.name))} ({code(each.id)})" for each in others)
        body = bullets(take(unmanaged, min(left - used, UNMANAGED_LIMIT), FULL_PLAN))
        after.append(fold(f"{format_count(len(others), 'unmanaged object')}, not touched", body))
    return "\n\n".join((*before, *changes, *after, *filter(None, [end])))


def list_tasks(review: Review) -> Iterator[str]:
    """The steps by hand, each with its addresses folded if these are many."""
    for task in group_tasks(review):
        listed = ", ".join(take((code(each, 100) for each in task.addresses), TASK_LIMIT, REST))
        more = f"\n\n{indent(fold(f'The {len(task.addresses):,} addresses', listed), '  ')}\n" if listed else ""
        yield prose(task.text) + more


def render_footer(reviews: Sequence[Review], digest: str, *, is_joint: bool = False) -> str:
    """When it was planned and of what, and how it is applied. `is_joint`: the digest is of several environments."""
    at = next((f" {each.at:%Y-%m-%d %H:%M} UTC" for each in reviews if each.at), "")
    of = f" of commit {words.commit(reviews[0].commit)}" if reviews and reviews[0].commit else ""
    against = f", merge base {words.commit(reviews[0].base)}" if reviews and reviews[0].base else ""
    run = ""
    if any(each.plan.changes for each in reviews) and not any(each.plan.refusals for each in reviews):
        this, these = " applies this plan and refuses any other", ", with the same environments, applies these plans"
        run = f"`reconciler apply --expect-digest {digest}`{these if is_joint else this}."
    return f"---\n\nPlanned{at}{of}{against}. Digest{' of all' if is_joint else ''} {code(digest)}.\n{run}"


def render_sections(changes: Sequence[GroupMarkdown], new: Sequence[Group], limit: int) -> tuple[list[str], int]:
    """The changes in at most so many bytes, by section, and how many bytes they take. `new`: the creates by kind."""
    destroyed = [each for each in changes if each.destroys]
    created = [each for each in changes if new and each.change.action is Action.CREATE]
    rest = [each for each in changes if not each.destroys and not (new and each.change.action is Action.CREATE)]
    delivering = [each for each in rest if each.is_alone and each.delivers]
    single = [each for each in rest if each.is_alone and not each.delivers]
    alike = [each for each in rest if not each.is_alone]
    others = [*delivering, *single, *alike, *created]
    left = _share_out(others, _share_out(destroyed, limit))
    parts = list(_render_destroyed(destroyed))
    for heading in (DELIVERS, RETIMED):
        whole = _select([each for each in delivering if each.delivers == heading], Level.WHOLE)
        parts += [f"#### {heading}", *whole] if whole else []
    whole, is_all = _select(single, Level.WHOLE), len(single) == len(changes)
    if len(whole) > OPEN:
        of = f"{len(whole):,} of " if len(whole) < len(single) else ""
        summary = f"{of}{format_count(len(single), 'change' if is_all else 'other change')}"
        parts.append(fold(summary, "\n\n".join(whole)))
    else:
        # A plan that has nothing else needs no heading.
        parts += ["#### Other changes", *whole] if whole and not is_all else whole
    if whole := _select(alike, Level.WHOLE):
        parts += ["#### The same change at several objects", *whole]
    if new:
        parts.append(f"#### {sum(len(group.changes) for group in new):,} new objects")
    for group in new:
        texts = take((prose(text) for _, text in group.list_sentences()), KIND_LIMIT, FULL_PLAN)
        parts.append(f"**create** {group.title}\n\n{bullets(texts)}")
    if whole := _select(created, Level.WHOLE):
        parts.append(fold(f"{len(whole):,} of them, with their fields", "\n\n".join(whole)))
    return [*parts, *_render_shortened(others)], limit - left


def _render_shortened(changes: Sequence[GroupMarkdown]) -> Iterator[str]:
    """What there is no room for, of what destroys nothing."""
    if lines := _select(changes, Level.LINE):
        yield fold(f"{format_count(len(lines), 'more change')}, in short: {FULL_PLAN_HTML}", bullets(lines))
    if addresses := _select(changes, Level.ADDRESS):
        summary = f"{format_count(len(addresses), 'more change')}, by address: {FULL_PLAN_HTML}"
        yield fold(summary, ", ".join(addresses))
    if left := [change for each in changes if each.level == Level.LEFT_OUT for change in each.group.changes]:
        counts = Counter(f"{ACTIONS[change.action].phrase}: {change.kind}" for change in left)
        listed = ", ".join(f"{number:,} {phrase}" for phrase, number in counts.items())
        yield f"**{len(left):,} more changes are not shown here** ({listed}): {FULL_PLAN}."


def _render_destroyed(shown: Sequence[GroupMarkdown]) -> Iterator[str]:
    if shown:
        yield "#### Deletes and replaces"
        yield from _select(shown, Level.WHOLE)
    if lines := _select(shown, Level.LINE):
        yield bullets(lines)
    addresses, missing = _select(shown, Level.ADDRESS), _select(shown, Level.LEFT_OUT)
    if addresses or missing:
        short = len(addresses) + len(missing)
        yield f"**{short:,} of {len(shown):,} deletes and replaces do not fit into a comment**: {FULL_PLAN}."
        summary = f"{len(addresses):,} of their addresses" if missing else "Their addresses"
        yield fold(summary, ", ".join(addresses))
    if missing:
        yield f"**{len(missing):,} more are deleted or replaced and are not listed here.**"


def _select(changes: Sequence[GroupMarkdown], wanted: Level) -> list[str]:
    return [each.texts[wanted] for each in changes if each.level == wanted]


def _share_out(changes: Sequence[GroupMarkdown], remaining: int) -> int:
    """Sets the level of each change, the most important first, and returns the bytes that are left.

    A change is shown whole as long as all later ones still get a line, or if lines do not fit, their addresses. So none
    is left out while another one is shown with its values.
    """
    least = Level.LINE if sum(each.sizes[Level.LINE] for each in changes) <= remaining else Level.ADDRESS
    later = [0, *accumulate(each.sizes[least] for each in reversed(changes))][::-1]
    level = Level.WHOLE
    for index, each in enumerate(changes):
        if level is Level.WHOLE and remaining - each.sizes[Level.WHOLE] < later[index + 1]:
            level = least
        if level is not Level.WHOLE and remaining < each.sizes[level]:
            level = Level.LEFT_OUT
        each.level = level
        remaining -= each.sizes[level]
    return remaining
