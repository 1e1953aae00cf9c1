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
from reconciler.output.groups import Group, find_groups, group_new_by_kind, list_sentences
from reconciler.output.labels import ACTIONS, count_changes, format_api
from reconciler.output.markdown.change import DELIVERS, RETIMED, GroupMarkdown, list_tasks
from reconciler.output.markdown.words import (
    bullets,
    code,
    commit,
    fold,
    measure,
    name_place,
    prose,
    render_with_line,
    strong,
    take,
)
from reconciler.output.values import describe_ignored, describe_waiting
from reconciler.text import counted, quote

TEXT_LIMIT = 46_000
"""Bytes of all that people read, of the 65,536 that a forge takes. The rest is for the hidden mark, and for what
`reconciler comment` adds: the history, and the approval of an earlier mark."""
AROUND = 2_500  # bytes of headings, and of the sentences that say what is left out
OPEN = 10  # more changes than this are folded, if they are not grave
TASKS_LIMIT, WARNINGS_LIMIT, REFUSALS_LIMIT, IGNORED_LIMIT, UNMANAGED_LIMIT = 8_000, 4_000, 6_000, 2_000, 8_000
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


def render_plan(review: Review) -> str:
    """A plan for a reviewer. `reconciler comment` finds it by the hidden mark in its first line."""
    marker = format_marker(make_marker("plan", review.plan, review.commit, review.base))
    return f"{marker}\n{describe_plan(review, TEXT_LIMIT, end=render_footer([review], review.plan.digest))}"


def describe_plan(review: Review, limit: int, elsewhere: frozenset[str] = frozenset(), end: str = "") -> str:
    """What people read of a plan, in at most so many bytes, with `end` at the end. `elsewhere`: the addresses that are
    shown elsewhere, for several environments."""
    plan = review.plan
    where, api = name_place(plan.environment, plan.configuration), format_api(plan.api, code)
    before = [f"Plan for {where}: {count_changes(plan, strong)}{api}"]
    if plan.refusals:
        why = [f"{prose(each.message)} To pass: {prose(each.passes)}" for each in plan.refusals]
        before += ["**Refused: this plan will not be applied.**", bullets(take(why, REFUSALS_LIMIT, FULL_PLAN))]
    after = list(_list_notes(review))
    left = limit - AROUND - sum(measure(part) + 2 for part in (*before, *after, end))
    groups = [each for each in find_groups(review) if not elsewhere.issuperset(each.addresses)]
    shown = [GroupMarkdown(review, each) for each in groups]
    changes, used = render_sections(review, shown, group_new_by_kind(groups), left)
    if others := plan.unmanaged:
        listed = (f"{each.kind} {prose(quote(each.name))} ({code(each.id)})" for each in others)
        body = bullets(take(listed, min(left - used, UNMANAGED_LIMIT), FULL_PLAN))
        after.append(fold(f"{counted(len(others), 'unmanaged object')}, not touched", body))
    return "\n\n".join((*before, *changes, *after, *filter(None, [end])))


def _list_notes(review: Review) -> Iterator[str]:
    """The changes that wait, the steps by hand, the warnings, and the fields that `ignore_changes` holds."""
    plan = review.plan
    if plan.waiting:
        yield bullets(take((prose(describe_waiting(each)) for each in plan.waiting), WARNINGS_LIMIT, FULL_PLAN))
    if review.tasks:
        yield "#### To do by hand"
        yield bullets(take(list_tasks(review), TASKS_LIMIT, FULL_PLAN), "- [ ]")
    if plan.warnings:
        yield "#### Warnings"
        yield bullets(take(map(render_with_line, plan.warnings), WARNINGS_LIMIT, FULL_PLAN))
    if plan.ignored:
        listed = map(prose, describe_ignored(plan.ignored, plan.labels))
        summary = f"{counted(len(plan.ignored), 'field')} that <code>ignore_changes</code> holds"
        yield fold(summary, bullets(take(listed, IGNORED_LIMIT, FULL_PLAN)))


def render_footer(reviews: Sequence[Review], digest: str, *, is_joint: bool = False) -> str:
    """When it was planned and of what, and how it is applied. `is_joint`: the digest is of several environments."""
    at = next((f" {each.at:%Y-%m-%d %H:%M} UTC" for each in reviews if each.at), "")
    of = f" of commit {commit(reviews[0].commit)}" if reviews and reviews[0].commit else ""
    against = f", merge base {commit(reviews[0].base)}" if reviews and reviews[0].base else ""
    run = ""
    if any(each.plan.changes for each in reviews) and not any(each.plan.refusals for each in reviews):
        this, these = " applies this plan and refuses any other", ", with the same environments, applies these plans"
        run = f"`reconciler apply --expect-digest {digest}`{these if is_joint else this}."
    return f"---\n\nPlanned{at}{of}{against}. Digest{' of all' if is_joint else ''} {code(digest)}.\n{run}"


def _find_section(each: GroupMarkdown, *, is_rollout: bool) -> int:
    """The number of a section: deletes and replaces, single changes with and without an impact on deliveries, changes
    that are alike, and creates if they are many."""
    if each.destroys:
        return 0
    if is_rollout and each.change.action is Action.CREATE:
        return 4
    if not each.is_alone:
        return 3
    return 1 if each.delivers else 2


def render_sections(
    review: Review, changes: list[GroupMarkdown], new: Sequence[Group], limit: int
) -> tuple[list[str], int]:
    """The changes in at most so many bytes, by section, and how many bytes they take. `new`: the creates by kind."""
    changes.sort(key=lambda each: _find_section(each, is_rollout=bool(new)))
    destroyed, left = _share_out([each for each in changes if each.destroys], limit)
    others, left = _share_out([each for each in changes if not each.destroys], left)
    return [*_render_destroyed(destroyed), *_render_others(review, others, new, is_all=not destroyed)], limit - left


def _render_others(review: Review, shown: Shown, new: Sequence[Group], *, is_all: bool) -> Iterator[str]:
    """The changes that delete and replace nothing, by section. `is_all`: the plan has no others."""
    sections: list[list[tuple[GroupMarkdown, Level]]] = [[], [], [], [], []]
    for each, level in shown:
        sections[_find_section(each, is_rollout=bool(new))].append((each, level))
    for heading in (DELIVERS, RETIMED):
        if delivers := _select([each for each in sections[1] if each[0].delivers == heading], Level.WHOLE):
            yield f"#### {heading}"
            yield from delivers
    is_all = is_all and len(sections[2]) == len(shown)
    whole = _select(sections[2], Level.WHOLE)
    if len(whole) > OPEN:
        of = f"{len(whole):,} of " if len(whole) < len(sections[2]) else ""
        yield fold(f"{of}{counted(len(sections[2]), 'change' if is_all else 'other change')}", "\n\n".join(whole))
    else:
        yield from ["#### Other changes"] if whole and not is_all else []
        yield from whole
    if alike := _select(sections[3], Level.WHOLE):
        yield "#### The same change at several objects"
        yield from alike
    yield from _render_rollout(review, sections[4], new)
    if lines := _select(shown, Level.LINE):
        yield fold(f"{counted(len(lines), 'more change')}, in short: {FULL_PLAN_HTML}", bullets(lines))
    if addresses := _select(shown, Level.ADDRESS):
        summary = f"{counted(len(addresses), 'more change')}, by address: {FULL_PLAN_HTML}"
        yield fold(summary, ", ".join(addresses))
    left_out = [each for each, level in shown if level is Level.LEFT_OUT]
    if changes := [change for each in left_out for change in each.group.changes]:
        counts = Counter(f"{ACTIONS[change.action].phrase}: {change.kind}" for change in changes)
        listed = ", ".join(f"{number:,} {phrase}" for phrase, number in counts.items())
        yield f"**{len(changes):,} more changes are not shown here** ({listed}): {FULL_PLAN}."


def _render_rollout(review: Review, shown: Shown, new: Sequence[Group]) -> Iterator[str]:
    """The creates, if they are many: a summary for each kind, then each create."""
    if new:
        yield f"#### {sum(len(group.changes) for group in new):,} new objects"
        for group in new:
            texts = take((prose(text) for _, text in list_sentences(review, group)), KIND_LIMIT, FULL_PLAN)
            yield f"**create** {group.title()}\n\n{bullets(texts)}"
    if whole := _select(shown, Level.WHOLE):
        yield fold(f"{len(whole):,} of them, with their fields", "\n\n".join(whole))


def _render_destroyed(shown: Shown) -> Iterator[str]:
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


def _select(shown: Shown, wanted: Level) -> list[str]:
    return [each.texts[level] for each, level in shown if level is wanted]


def _share_out(changes: Sequence[GroupMarkdown], remaining: int) -> tuple[Shown, int]:
    """The level of each change, the most important first, and the bytes that are left.

    A change is shown whole as long as all later ones still get a line, or if lines do not fit, their addresses. So none
    is left out while another one is shown with its values.
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
