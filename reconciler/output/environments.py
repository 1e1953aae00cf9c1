"""The answers for several environments as one: a table first, then each of them; and all of them as JSON."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import zip_longest
from typing import Any, TypeVar

from reconciler.errors import ConfigurationInvalid, NotBegun
from reconciler.model.approval import collect_digests, join_digests
from reconciler.model.plan import FORMAT_VERSION
from reconciler.model.reports import Applied, ApplyReport, Ended, Receipt, Review, get_only_value
from reconciler.model.results import Drift
from reconciler.output import labels
from reconciler.output.document import collect_plan_values, to_json
from reconciler.output.labels import GRAVE, MOST_NAMED, WEIGHTS, Paint, count_changes, count_ends, format_api
from reconciler.output.listings import render_drift_text, render_history_text
from reconciler.output.terminal import bold, escape, find_width, red
from reconciler.output.text import PlanText
from reconciler.text import COUNTED, abridge, count_columns, format_count, pad, truncate, wrap

T = TypeVar("T")
K = TypeVar("K")
FAILED = "failed: "
LONGEST_API = 48  # characters of an address in the table
LONGEST_ERROR = 92  # characters of an error in the table; all of it is on stderr
_CUT: Paint = partial(truncate, limit=LONGEST_ERROR)


def render_plans_text(ended: Sequence[Ended[Review]]) -> str:
    """Plans: a table, then what is shared by several environments, then each."""
    api = labels.find_shared_api(each.value.plan for each in ended if each.value)

    def cells(review: Review) -> Sequence[str]:
        own_api = labels.name_api(review.plan.api) if api is None else ""
        return *summarise_plan(review), truncate(own_api, LONGEST_API)

    parts = [_render_table(f"Plans for {len(ended)} environments{format_api(api or '')}", ended, cells)]
    shown = {each.environment: PlanText(each.value, has_ids=False).list_paragraphs() for each in ended if each.value}
    shared = find_shared(shown, key=lambda each: each)
    for names, paragraphs in shared.items():
        named = abridge(map(escape, names), MOST_NAMED, COUNTED)
        head = bold(wrap(f"In {len(names)} environments ({named}):", find_width()))
        parts.append("\n\n".join([head, *("\n".join(each.lines) for each in paragraphs)]))
    for each in ended:
        own = [one for names, paragraphs in shared.items() if each.environment in names for one in paragraphs]
        elsewhere = frozenset(address for paragraph in own for address in paragraph.addresses)
        if (review := each.value) is not None:
            is_all_shown = elsewhere.issuperset(change.address for change in review.plan.changes)
            if not is_all_shown or review.tasks or review.plan.warnings:
                parts.append(str(PlanText(review, elsewhere)))
    return "\n\n".join([*parts, f"digest of all: {join_digests(collect_digests(ended))}"])


def find_shared(shown: Mapping[str, Iterable[K]], key: Callable[[K], object]) -> dict[tuple[str, ...], list[K]]:
    """The parts that several environments have alike, by the names of these environments. Alike is what has the same
    `key`; each part that is returned is that of the first environment."""
    found: dict[object, tuple[K, list[str]]] = {}
    for environment, parts in shown.items():
        for part in parts:
            found.setdefault(key(part), (part, []))[1].append(environment)
    shared: dict[tuple[str, ...], list[K]] = defaultdict(list)
    for part, names in found.values():
        if len(names) > 1:
            shared[tuple(names)].append(part)
    return shared


def summarise_plan(review: Review, strong: Paint = str, show: Paint = str) -> tuple[str, str]:
    """What is planned, and the risks of it. `strong` marks what is grave; `show` escapes what we did not write."""
    plan, weights = review.plan, Counter(impact.weight for each in review.impacts.values() for impact in each)
    refused = [strong(f"refused: {show(', '.join(each.guard for each in plan.refusals))}")] if plan.refusals else []
    risks = []
    for weight in GRAVE:
        verb, blank, rest = WEIGHTS[weight].phrase.partition(" ")
        number = weights[weight]
        risks += [f"{number} {verb}{'s' * (number == 1)}{blank}{rest}"] if number else []
    waiting = [f"{len(plan.waiting)} waiting"] if plan.waiting else []
    unmanaged = f", {len(plan.unmanaged)} unmanaged" if plan.unmanaged else ""
    return f"{count_changes(plan, strong)}{unmanaged}", ", ".join([*refused, *risks, *waiting])


def describe_failure(ended: Ended[Any], strong: Paint = str, show: Paint = _CUT) -> str:
    """Why there is no answer for an environment. `strong` and `show` as in `summarise_plan`."""
    error = ended.error
    if error is None:
        return f"left out: {show(ended.left_out)}"
    text = show(str(error).partition("\n")[0])
    if isinstance(error, ConfigurationInvalid):
        text = f"{format_count(len(error.problems), 'problem')} in the configuration"
    return text if isinstance(error, NotBegun) else f"{strong('failed')}: {text}"


def _render_table(
    head: str, ended: Sequence[Ended[T]], cells: Callable[[T], Sequence[str]], *, is_timed: bool = True
) -> str:
    """A row for each environment, in columns; without the columns that are empty."""
    answers = ([describe_failure(each)] if each.value is None else cells(each.value) for each in ended)
    names, times = [each.environment for each in ended], [f"{each.seconds:.1f} s" for each in ended]
    table = [names, *zip_longest(*answers, fillvalue=""), *([times] if is_timed else [])]
    used = [[(red if cell.startswith(FAILED) else str)(escape(cell)) for cell in each] for each in table if any(each)]
    widths = [max(map(count_columns, column)) for column in used]
    lines = ("  ".join(map(pad, row, widths)).rstrip() for row in zip(*used, strict=True))
    return "\n".join([bold(head), *(f"  {line}" for line in lines)])


def render_plans_json(ended: Sequence[Ended[Review]]) -> str:
    """The plans, in the order of the environments; one that failed has its error."""
    return render_ended_json(ended, collect_plan_values, digest=join_digests(collect_digests(ended)))


def render_ended_json(ended: Sequence[Ended[T]], values: Callable[[T], dict[str, Any]], **more: Any) -> str:
    """One document for several environments, with `values` of each; for one alone, the document of these values."""
    if (only := get_only_value(ended)) is not None:
        return to_json(**values(only))
    environments: list[dict[str, Any]] = []
    for each in ended:
        if each.value is not None:
            fields = values(each.value)
            environments.append({"format_version": FORMAT_VERSION, "environment": each.environment, **fields})
        elif not each.left_out:
            hint, code = (each.error.hint, int(each.error.exit_code)) if each.error else (None, None)
            error = {"message": str(each.error), "hint": hint, "exit": code}
            environments.append({"environment": each.environment, "error": error})
    left_out = {each.environment: each.left_out for each in ended if each.left_out}
    return to_json(**more, **({"left_out": left_out} if left_out else {}), environments=environments)


def list_reports(ended: Sequence[Ended[Applied]]) -> list[Ended[ApplyReport]]:
    """What became of each plan. One that was not begun, or failed before its first change, has no value."""
    return [each.map(lambda applied: applied.report) for each in ended]


def render_reports_text(ended: Sequence[Ended[ApplyReport]]) -> str:
    """How an apply ended for each environment."""
    head = f"Applied to {len(ended)} environments"
    return _render_table(head, ended, lambda report: [count_ends(report)], is_timed=False)


def render_drifts_text(ended: Sequence[Ended[Drift]]) -> str:
    """A table, then what drifted in each environment."""
    if (only := get_only_value(ended)) is not None:
        return render_drift_text(only)
    drifted = [each.value for each in ended if each.value and (each.value.objects or each.value.health)]
    table = _render_table(f"Drift in {len(ended)} environments", ended, lambda drift: [summarise_drift(drift)])
    return "\n\n".join([table, *map(render_drift_text, drifted)])


def summarise_drift(drift: Drift, strong: Paint = str) -> str:
    """How much drifted, and how much does not deliver. `strong`: marks that."""
    if not drift.compared:
        return f"{strong('not known')}, nothing is remembered"
    changed = strong(format_count(len(drift.objects), "object")) if drift.objects else "nothing"
    stopped = f", {strong(f'{len(drift.health):,} not delivering')}" if drift.health else ""
    return f"{changed} changed outside, of {drift.compared:,} remembered{stopped}"


def render_histories_text(ended: Sequence[Ended[Sequence[Receipt]]]) -> str:
    """The receipts of each environment below its name."""
    if len(ended) == 1:
        return render_history_text(ended[0].value or ())
    texts = []
    for each in ended:
        text = describe_failure(each) if each.error else render_history_text(each.value or ())
        texts.append(bold(f"{escape(each.environment)}:\n") + text)
    return "\n\n".join(texts)
