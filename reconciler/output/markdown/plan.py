"""A plan as the comment under a pull request. What destroys comes first and whole, the least important goes first.

GitHub cuts nothing off: it refuses a body of more than 65,536 characters (422, «Body is too long (maximum is 65536
characters)»); GitLab's notes may have 1,000,000. One budget holds for both.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import IntEnum
from itertools import accumulate

from reconciler.model.approval import format_marker, make_marker
from reconciler.model.plan import Action
from reconciler.model.reports import Review
from reconciler.output.groups import Group, find_groups, new_by_kind, sentences
from reconciler.output.labels import ACTIONS, api_note, title
from reconciler.output.markdown.change import DELIVERS, RETIMED, GroupMarkdown, list_tasks
from reconciler.output.markdown.words import bullets, code, commit, fitting, folded, place, prose, size, with_line
from reconciler.output.values import ignored_sentences, waiting_line
from reconciler.text import counted, quote

TEXT_LIMIT = 46_000
"""Bytes of all that people read, of the 65,536 that a forge takes. The rest is for the hidden mark, and for what
`reconciler comment` adds: the history, and the approval of an earlier mark."""
AROUND = 2_500
"""Bytes of headings, and of the sentences that say what is left out."""
OPEN = 10
"""More of what is not grave than this is folded."""
TASKS_LIMIT, WARNINGS_LIMIT, REFUSALS_LIMIT, IGNORED_LIMIT = 8_000, 4_000, 6_000, 2_000
UNMANAGED_LIMIT = 8_000
KIND_LIMIT = 1_000
FULL_PLAN = "the full plan is in this run's artefact, or comes with `--report html=FILE`"
FULL_PLAN_HTML = re.sub(r"`(.+?)`", r"<code>\1</code>", FULL_PLAN)


class Level(IntEnum):
    """How much is shown of a change."""

    WHOLE = 0
    LINE = 1
    ADDRESS = 2
    LEFT_OUT = 3


Shown = Sequence[tuple[GroupMarkdown, Level]]


class PlanMarkdown:
    """A plan for a reviewer. Its first line is the hidden mark that `reconciler comment` finds it by. `shown`: the
    addresses that are shown elsewhere, for several environments."""

    def __init__(self, review: Review, shown: frozenset[str] = frozenset()) -> None:
        self._review = review
        self._shown = shown
        self._plan = review.plan

    def __str__(self) -> str:
        marker = format_marker(make_marker("plan", self._plan, self._review.commit, self._review.base))
        return f"{marker}\n{self.text(TEXT_LIMIT)}"

    def text(self, limit: int, *, has_footer: bool = True) -> str:
        """What people read, in at most so many bytes."""
        before, after = list(self._before()), list(self._after())
        end = [footer([self._review], self._plan.digest)] if has_footer else []
        left = limit - AROUND - sum(size(part) + 2 for part in (*before, *after, *end))
        groups = [each for each in find_groups(self._review) if not self._shown.issuperset(each.addresses)]
        new = new_by_kind(groups)
        changes, used = change_sections(self._review, [GroupMarkdown(self._review, each) for each in groups], new, left)
        parts = (*before, *changes, *after, *self._unmanaged(left - used), *end)
        return "\n\n".join(parts)

    def _before(self) -> Iterator[str]:
        where, api = place(self._plan.environment, self._plan.configuration), api_note(self._plan.api, code)
        yield f"Plan for {where}: {title(self._plan, strong=lambda text: f'**{text}**')}{api}"
        if refusals := self._plan.refusals:
            sentences = [f"{prose(each.message)} To pass: {prose(each.passes)}" for each in refusals]
            yield "**Refused: this plan will not be applied.**"
            yield bullets(fitting(sentences, REFUSALS_LIMIT, FULL_PLAN))

    def _after(self) -> Iterator[str]:
        """What waits, the checklist, the warnings and what `ignore_changes` holds."""
        if waiting := self._plan.waiting:
            yield bullets(fitting((prose(waiting_line(each)) for each in waiting), WARNINGS_LIMIT, FULL_PLAN))
        if self._review.tasks:
            yield "#### To do by hand"
            yield bullets(fitting(list_tasks(self._review), TASKS_LIMIT, FULL_PLAN), "- [ ]")
        if self._plan.warnings:
            yield "#### Warnings"
            yield bullets(fitting(map(with_line, self._plan.warnings), WARNINGS_LIMIT, FULL_PLAN))
        if ignored := self._plan.ignored:
            listed = map(prose, ignored_sentences(ignored, self._plan.labels))
            summary = f"{counted(len(ignored), 'field')} that <code>ignore_changes</code> holds"
            yield folded(summary, bullets(fitting(listed, IGNORED_LIMIT, FULL_PLAN)))

    def _unmanaged(self, limit: int) -> Iterator[str]:
        if others := self._plan.unmanaged:
            listed = (f"{each.kind} {prose(quote(each.name))} ({code(each.id)})" for each in others)
            body = bullets(fitting(listed, min(limit, UNMANAGED_LIMIT), FULL_PLAN))
            yield folded(f"{counted(len(others), 'unmanaged object')}, not touched", body)


def footer(reviews: Sequence[Review], digest: str, *, is_joint: bool = False) -> str:
    """When it was planned and of what, and how it is applied. `is_joint`: the digest is of several environments."""
    at = next((f" {each.at:%Y-%m-%d %H:%M} UTC" for each in reviews if each.at), "")
    of = f" of commit {commit(reviews[0].commit)}" if reviews and reviews[0].commit else ""
    against = f", merge base {commit(reviews[0].base)}" if reviews and reviews[0].base else ""
    run = ""
    if any(each.plan.changes for each in reviews) and not any(each.plan.refusals for each in reviews):
        what = (
            ", with the same environments, applies these plans"
            if is_joint
            else " applies this plan and refuses any other"
        )
        run = f"`reconciler apply --expect-digest {digest}`{what}."
    return f"---\n\nPlanned{at}{of}{against}. Digest{' of all' if is_joint else ''} {code(digest)}.\n{run}"


def _section(each: GroupMarkdown, *, is_rollout: bool) -> int:
    """What destroys comes first, then what stands alone, then what is alike, then what is new if that is much."""
    if each.destroys:
        return 0
    if is_rollout and each.change.action is Action.CREATE:
        return 4
    if not each.is_alone:
        return 3
    return 1 if each.delivers else 2


def change_sections(
    review: Review, changes: list[GroupMarkdown], new: Sequence[Group], limit: int
) -> tuple[list[str], int]:
    """The changes in at most so many bytes, by section, and how many bytes they take. `new`: the creates by kind."""
    changes.sort(key=lambda each: _section(each, is_rollout=bool(new)))
    first, left = _share_out([each for each in changes if each.destroys], limit)
    others, left = _share_out([each for each in changes if not each.destroys], left)
    return list(_sections(review, [*first, *others], new)), limit - left


def _sections(review: Review, shown: Shown, new: Sequence[Group]) -> Iterator[str]:
    sections: list[list[tuple[GroupMarkdown, Level]]] = [[], [], [], [], []]
    for each, level in shown:
        sections[_section(each, is_rollout=bool(new))].append((each, level))
    yield from _destroys(sections[0])
    for heading in (DELIVERS, RETIMED):
        if delivers := _at([each for each in sections[1] if each[0].delivers == heading], Level.WHOLE):
            yield f"#### {heading}"
            yield from delivers
    yield from _maybe_folded("other change" if sum(map(bool, sections)) > 1 else "change", sections[2])
    if alike := _at(sections[3], Level.WHOLE):
        yield "#### The same change at several objects"
        yield from alike
    yield from _rollout(review, sections[4], new)
    if lines := _at(shown, Level.LINE, destroys=False):
        yield folded(f"{counted(len(lines), 'more change')}, in short: {FULL_PLAN_HTML}", bullets(lines))
    if addresses := _at(shown, Level.ADDRESS, destroys=False):
        summary = f"{counted(len(addresses), 'more change')}, by address: {FULL_PLAN_HTML}"
        yield folded(summary, ", ".join(addresses))
    left_out = [each for each, level in shown if level is Level.LEFT_OUT and not each.destroys]
    if changes := [change for each in left_out for change in each.group.changes]:
        counts = Counter(f"{ACTIONS[change.action].phrase}: {change.kind}" for change in changes)
        listed = ", ".join(f"{number:,} {phrase}" for phrase, number in counts.items())
        yield f"**{len(changes):,} more changes are not shown here** ({listed}): {FULL_PLAN}."


def _rollout(review: Review, shown: Shown, new: Sequence[Group]) -> Iterator[str]:
    """Many creates: by kind, then each."""
    if new:
        yield f"#### {sum(len(group.changes) for group in new):,} new objects"
        for group in new:
            texts = fitting((prose(text) for _, text in sentences(review, group)), KIND_LIMIT, FULL_PLAN)
            yield f"**create** {group.title()}\n\n{bullets(texts)}"
    if whole := _at(shown, Level.WHOLE):
        yield folded(f"{len(whole):,} of them, with their fields", "\n\n".join(whole))


def _destroys(shown: Shown) -> Iterator[str]:
    if shown:
        yield "#### Deletes and replaces"
        yield from _at(shown, Level.WHOLE)
    if lines := _at(shown, Level.LINE):
        yield bullets(lines)
    addresses, missing = _at(shown, Level.ADDRESS), _at(shown, Level.LEFT_OUT)
    if addresses or missing:
        short = len(addresses) + len(missing)
        yield f"**{short:,} of {len(shown):,} deletes and replaces do not fit into a comment**: {FULL_PLAN}."
        summary = f"{len(addresses):,} of their addresses" if missing else "Their addresses"
        yield folded(summary, ", ".join(addresses))
    if missing:
        yield f"**{len(missing):,} more are deleted or replaced and are not listed here.**"


def _maybe_folded(noun: str, shown: Shown) -> Iterator[str]:
    whole = _at(shown, Level.WHOLE)
    if len(whole) > OPEN:
        of = f"{len(whole):,} of " if len(whole) < len(shown) else ""
        yield folded(f"{of}{counted(len(shown), noun)}", "\n\n".join(whole))
    elif whole:
        if noun.startswith("other"):
            yield f"#### {noun.capitalize()}s"
        yield from whole


def _at(shown: Shown, wanted: Level, *, destroys: bool = True) -> list[str]:
    return [each.texts[level] for each, level in shown if level is wanted and (destroys or not each.destroys)]


def _share_out(changes: Sequence[GroupMarkdown], remaining: int) -> tuple[Shown, int]:
    """The level of each change, the most important first, and what is left of the room.

    Each is shown whole as long as all later ones still get a line, or if that is too much, their addresses. So none is
    left out while another one is shown with its values.
    """
    least = Level.LINE if sum(each.sizes[Level.LINE] for each in changes) <= remaining else Level.ADDRESS
    later = [0, *accumulate(each.sizes[least] for each in reversed(changes))][::-1]
    chosen, level = [], Level.WHOLE
    for index, each in enumerate(changes):
        if level is Level.WHOLE and remaining - each.sizes[Level.WHOLE] < later[index + 1]:
            level = least
        if level is not Level.WHOLE and remaining < each.sizes[level]:
            level = Level.LEFT_OUT
        chosen.append((each, level))
        remaining -= each.sizes[level]
    return chosen, remaining
