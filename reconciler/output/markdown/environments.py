"""The plans of several environments as one comment: a table, then what they have in common, then each of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from functools import partial

from reconciler.model.approval import LONGEST, digests, joint_digest, make_joint_marker, marker_line
from reconciler.model.plan import DESTROYS
from reconciler.model.reports import Ended, Review, only_value
from reconciler.output.environments import find_shared, plan_cells
from reconciler.output.groups import find_groups
from reconciler.output.labels import ACTIONS, api_note, shared_api, title, unusual_api
from reconciler.output.markdown.change import GroupMarkdown
from reconciler.output.markdown.plan import FULL_PLAN, TEXT_ROOM, PlanMarkdown, change_sections, footer
from reconciler.output.markdown.reports import comment
from reconciler.output.markdown.several import (
    AROUND,
    Section,
    count_ends,
    error_section,
    failed_cell,
    make_table,
    show_sections,
)
from reconciler.output.markdown.words import code, count_words, fitting, place, prose, size, strong
from reconciler.text import counted, share_out

LEAST = 6_000
"""In fewer bytes than this a plan is not shown: its deletes are listed, and all else is counted."""
MOST_NAMED = 30


def plans_markdown(ended: Sequence[Ended[Review]], configuration: str | None = None) -> str:
    """The plans as one comment. `configuration`: its name, if no plan says it."""
    if (only := only_value(ended)) is not None:
        return str(PlanMarkdown(only))
    made = [each.value for each in ended if each.value]
    first = made[0] if made else None
    plans = {each.environment: each.value.plan if each.value else None for each in ended if not each.left_out}
    name = first.plan.configuration if first else configuration
    left_out = [each.environment for each in ended if each.left_out]
    mark = make_joint_marker(plans, left_out, first.commit if first else "", first.base if first else "", name)
    room = TEXT_ROOM - max(0, len(marker_line(mark)) - LONGEST)
    totals: Counter[str] = Counter()
    for each in made:
        totals.update(each.plan.summary())
    said = count_words((totals[action], label.phrase, action in DESTROYS) for action, label in ACTIONS.items())
    head = f"Plans for {place(len(ended), name)}: {said or 'no changes'}{count_ends(ended)}"
    api = shared_api(each.plan for each in made)
    head += api_note(api or "", code)
    destroyed = {each.plan.environment: sum(one.action in DESTROYS for one in each.plan.changes) for each in made}
    cells = partial(_plan_cells, has_api=api is None)
    table = make_table(
        ended, "| environment | plan | look at |", cells, lambda each: destroyed.get(each.environment, 0)
    )
    end = footer(made, joint_digest(digests(ended)), is_joint=True)
    shared = _find_shared(ended)
    left = room - sum(size(part) + 2 for part in (head, table, end))
    common = list(_common(shared, left // 2))
    left -= sum(size(part) + 2 for part in common)
    told = {name: {address for _, names, group in shared if name in names for address in group} for name in plans}
    sections = [
        _plan_section(each.environment, each.value, frozenset(told[each.environment])) for each in ended if each.value
    ]
    sections += [failed for each in ended if not each.value and (failed := error_section(each))]
    return comment(mark, (head, table, *common, *show_sections(sections, left), end))


def _plan_cells(ended: Ended[Review], has_api: bool) -> tuple[str, str]:
    """What is planned, with the address of the API below it, and the risky part; or why there is no plan."""
    review = ended.value
    if review is None:
        return failed_cell(ended), ""
    said, look_at = plan_cells(review, strong, prose)
    api = unusual_api(review.plan.api) if has_api else ""
    return said + (f"<br>{code(api, 60)}" if api else ""), look_at


Shared = tuple[GroupMarkdown, tuple[str, ...], tuple[str, ...]]
"""A change as it is shown, the environments that have it, and its addresses."""


def _find_shared(ended: Sequence[Ended[Review]]) -> list[Shared]:
    """The changes that are shown alike for several environments, ids aside."""
    groups = {each.environment: (each.value, find_groups(each.value)) for each in ended if each.value}
    made = {name: [GroupMarkdown(of, each, has_ids=False) for each in found] for name, (of, found) in groups.items()}
    shown = {each.texts[0]: each for several in reversed(made.values()) for each in several}
    many = find_shared((name, [each.texts[0] for each in several]) for name, several in made.items())
    return [(shown[text], names, tuple(shown[text].group.addresses)) for text, names in many.items()]


def _common(shared: Sequence[Shared], room: int) -> Iterator[str]:
    """What several environments have in common, by the set of them."""
    by_names: dict[tuple[str, ...], list[GroupMarkdown]] = defaultdict(list)
    for made, names, _ in shared:
        by_names[names].append(made)
    needs = [sum(each.sizes[0] for each in changes) for changes in by_names.values()]
    rooms = share_out(room - AROUND * len(by_names), needs)
    for (names, changes), own in zip(by_names.items(), rooms, strict=True):
        rest = f", … and {len(names) - MOST_NAMED} more" if names[MOST_NAMED:] else ""
        yield f"### In {len(names)} environments\n\n{', '.join(map(code, names[:MOST_NAMED]))}{rest}"
        yield from change_sections(changes[0].review, changes, [], own)[0]


def _plan_section(environment: str, review: Review, told: frozenset[str]) -> Section:
    shown = PlanMarkdown(review, told)

    def text(room: int) -> str:
        return shown.text(room, has_footer=False).partition("\n\n")[2]

    def make(room: int) -> str:
        made = text(room) if room >= LEAST else ""
        return made if made and size(made) <= room else _in_short(review, told, room)

    here = told & {change.address for change in review.plan.changes}
    note = f"{counted(len(here), 'change')} as shown above, for several environments" if here else ""
    whole = text(TEXT_ROOM * 2)
    shown_text = "\n\n".join(filter(None, (whole, whole and note)))
    return Section(f"<code>{environment}</code>: {title(review.plan)}", shown_text, make)


def _in_short(review: Review, told: frozenset[str], room: int) -> str:
    """The deletes of a plan by address, and all else counted."""
    own = [change for change in review.plan.changes if change.address not in told]
    deleted = [code(change.address, 100) for change in own if change.action in DESTROYS]
    counts = Counter(change.action for change in own if change.action not in DESTROYS)
    left = [f"{counts[action]:,} {label.phrase}" for action, label in ACTIONS.items() if counts[action]]
    left += [counted(len(review.tasks), "step by hand")] if review.tasks else []
    left += [counted(len(review.plan.warnings), "warning")] if review.plan.warnings else []
    listed = ", ".join(fitting(deleted, room - AROUND, FULL_PLAN))
    said = [f"{strong(f'{len(deleted):,} to delete or replace')}: {listed}"] if deleted else []
    said += [f"Not shown here: {', '.join(left)}; {FULL_PLAN}."] if left else []
    return "\n\n".join(said)
