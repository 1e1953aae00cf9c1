"""What an apply did, and why a command failed, in the frame of a plan's comment; and drift as an issue.

The hidden mark of each is its first line: `reconciler comment` finds it by that, and it approves nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler.errors import ApiFailed, ConfigurationInvalid, NotAuthorised, ReconcilerError, Refused, WrongUsage
from reconciler.model.approval import DRIFT, NO_DRIFT, CommentMarker, Several, format_marker, join_names
from reconciler.model.reports import ApplyReport, Failure, Outcome, Review, Status, Verification
from reconciler.model.results import Drift, Drifted, NotDelivering
from reconciler.output.labels import describe_end, find_repository_path, format_api
from reconciler.output.markdown import words
from reconciler.output.markdown.plan import describe_plan, list_tasks
from reconciler.output.markdown.words import bullets, code, commit, fold, name_place, prose, take
from reconciler.output.values import cut_both, describe, describe_value
from reconciler.text import format_count, quote

LIST_LIMIT = 7_000
REST = "`reconciler history` and the run's log have all"
PLAN_LIMIT = 24_000
TO_PASTE = re.compile(r"\s*(?:imports:$|- \{.*\})")
DRIFT_LIMIT = 40_000
ALL_DRIFT = "`reconciler drift` lists all"
WAYS = (
    "---\n\n**To keep it**: merge what `reconciler drift --adopt` writes into the YAML. **To undo it**: the next "
    "apply does what stands above."
)
UNKNOWN = (
    "Nothing was applied yet, or the state is not where it is looked for: a state in a file is gone with the machine "
    "that a pipeline ran on."
)
GRAVE = frozenset({Status.FAILED, Status.SKIPPED})


def render_comment(marker: CommentMarker, parts: Iterable[str]) -> str:
    """A comment or an issue: the hidden mark on its first line, then the paragraphs."""
    return f"{format_marker(marker)}\n" + "\n\n".join(parts)


def mark_several(environments: Sequence[str], command: str, configuration: str | None) -> CommentMarker:
    """The hidden mark of a comment about several environments, which approves none of them."""
    several = Several(failed=tuple(environments))
    return CommentMarker(join_names(environments), command, configuration=configuration, several=several)


def render_applied(review: Review, report: ApplyReport) -> str:
    """What an apply did of a plan. The mark has no approval: that of the plan's comment stays."""
    marker = CommentMarker(report.environment, "apply", configuration=report.configuration)
    return render_comment(marker, list_applied_parts(review, report))


def count_statuses(counts: Mapping[Status, int]) -> str:
    """How changes ended: `2 done, **1 failed**`."""
    return words.count_words((counts[status], status.value, status in GRAVE) for status in Status)


def count_ends(report: ApplyReport) -> str:
    """How the changes of a report ended."""
    return count_statuses(report.counts()) or report.nothing


def list_applied_parts(review: Review, report: ApplyReport) -> Iterator[str]:
    """What an apply did of a plan: a title, then what needs attention, then the rest."""
    where = name_place(report.environment, report.configuration)
    yield f"Applied to {where}: {count_ends(report)}{format_api(report.api, code)}"
    if report.unrecorded:
        yield f"**The state could not be written**: {prose(report.unrecorded)}"
    for heading, status in (("Failed", Status.FAILED), ("Skipped", Status.SKIPPED)):
        yield from words.list_below(
            heading, (_render_outcome(each, describe_end(each)) for each in report.of(status)), LIST_LIMIT, REST
        )
    doubtful = (each for each in report.outcomes if each.is_doubtful)
    why = (_render_outcome(each, f"{each.verification} {each.reason}") for each in doubtful)
    yield from words.list_below("Done, but", why, LIST_LIMIT, REST)
    yield from words.list_below("To do by hand", list_tasks(review), LIST_LIMIT, REST, "- [ ]")
    yield from words.list_below("Warnings", map(words.render_with_line, report.warnings), LIST_LIMIT, REST)
    if fine := [each for each in report.of(Status.DONE) if not each.is_doubtful]:
        verified = sum(each.verification is Verification.VERIFIED for each in fine)
        summary = f"{format_count(len(fine), 'change')} done, {verified:,} of them read back and verified"
        listed = (f"**{each.action}** {code(each.address)}" for each in fine)
        yield fold(summary, bullets(take(listed, LIST_LIMIT, REST)))
    of = f" of commit {commit(review.commit)}" if review.commit else ""
    left = ""
    if receipt := report.receipt:
        left = f" Receipt {code(receipt.id)}: `reconciler plan --undo {receipt.id}` plans the way back."
        left += f" By {code(receipt.who)} with `--allow {', '.join(receipt.allowed)}`." if receipt.allowed else ""
    yield f"---\n\nApplied the plan{of} with the digest {code(report.digest)}.{left}"


TITLES = {
    NotAuthorised: "not authorised",
    Refused: "refused",
    WrongUsage: "wrong usage",
    ApiFailed: "the API or the network failed",
    KeyboardInterrupt: "interrupted",
}


def render_failed(failure: Failure) -> str:
    """Why a command failed, and what to do."""
    names, error, command = failure.environments, failure.error, failure.command
    marker = CommentMarker(failure.environment, command, configuration=failure.configuration)
    if names:
        marker = mark_several(names, command, failure.configuration)
    done = {"plan": "Planning", "apply": "Applying"}[command]
    what = next((title for kind, title in TITLES.items() if isinstance(error, kind)), "a fault in reconciler")
    if isinstance(error, ConfigurationInvalid):
        what = f"{format_count(len(error.problems), 'problem')} in the configuration"
    where = name_place(len(names) or failure.environment, failure.configuration)
    parts = [f"**{done} failed** for {where}: {what}", *list_error_parts(error)]
    before_it_began = isinstance(error, ConfigurationInvalid | NotAuthorised | Refused | WrongUsage)
    if command == "apply" and not before_it_began:
        parts.append("What an apply has done is remembered: `reconciler plan` says what is left.")
    if failure.review is not None:
        parts.append(fold("What is planned now", describe_plan(failure.review, PLAN_LIMIT)))
    if failure.commit:
        parts.append(f"---\n\nOf commit {commit(failure.commit)}.")
    return render_comment(marker, parts)


def list_error_parts(error: BaseException) -> Iterator[str]:
    """An error in words, and what to do."""
    if isinstance(error, ConfigurationInvalid):
        problems = (f"{code(str(each.location))}: {prose(each.message)}" for each in error.problems)
        yield bullets(take(problems, LIST_LIMIT, "`reconciler validate` lists all"))
    elif isinstance(error, ReconcilerError):
        yield from _render_message(str(error))
        yield from _render_message("\n".join(getattr(error, "__notes__", ())))
        yield from _render_message(error.hint or "", "What to do: ")
    elif not isinstance(error, KeyboardInterrupt):
        yield f"{code(type(error).__name__)}: this is a bug of ours, and no mistake of yours. The log has the rest."


def render_drift(drift: Drift) -> str:
    """What somebody changed outside, as an issue."""
    kind = DRIFT if is_news(drift) else NO_DRIFT
    marker = CommentMarker(drift.environment, kind, configuration=drift.configuration)
    return render_comment(marker, (*list_drift_parts(drift, DRIFT_LIMIT), *([WAYS] if drift.objects else [])))


def is_news(drift: Drift) -> bool:
    """Whether people have to look: something was changed outside, or does not deliver, or that is not known."""
    return bool(drift.objects or drift.health) or not drift.compared


def list_drift_parts(drift: Drift, limit: int) -> Iterator[str]:
    """What was changed outside: a title, then the objects, in about `limit` bytes."""
    environment, api = name_place(drift.environment, drift.configuration), format_api(drift.api, code)
    if not drift.compared:
        yield f"Drift in {environment}: **not known**, nothing is remembered of an apply{api}"
        yield UNKNOWN
        return
    if drift.objects:
        changed = format_count(len(drift.objects), "object")
        yield f"Drift in {environment}: **{changed} changed outside**, of {drift.compared:,} remembered{api}"
        yield bullets(take((_render_drifted(each, drift.labels) for each in drift.objects), limit, ALL_DRIFT))
    else:
        yield f"Drift in {environment}: nothing of {drift.compared:,} remembered was changed outside{api}"
    also = (
        f"{code(each.address)} {code(each.path)} in {code(find_repository_path(each.file))}: also in "
        f"{', '.join(map(code, each.environments))}"
        for each in drift.also_changed
    )
    yield from words.list_below("Also changed in other environments", also, LIST_LIMIT, ALL_DRIFT)
    stopped = (
        f"{_name_object(each)}: {prose(each.problem)}"
        + (f"; affects {code(', '.join(each.affects))}" if each.affects else "")
        for each in drift.health
    )
    yield from words.list_below("Not delivering", stopped, LIST_LIMIT, ALL_DRIFT)


def _name_object(each: Drifted | NotDelivering) -> str:
    return f"{code(each.address)} {prose(quote(each.name))} ({code(each.id)})"


def _render_drifted(each: Drifted, labels: Mapping[str, str]) -> str:
    head = _name_object(each) + (f", last changed {prose(each.changed_at)}" if each.changed_at else "")
    if each.gone:
        return f"{head}: it is **not live any more**; {prose(each.next)}"
    lines = [head]
    for field in each.fields:
        applied, live = describe(field.applied, labels), describe(field.live, labels)
        if applied == live:
            applied, live = cut_both(describe_value(field.applied, labels), describe_value(field.live, labels))
        lines.append(f"  - {code(field.path)}: {code(applied)} was applied, {code(live)} is live; {prose(field.next)}")
    return "\n".join(lines)


def _render_outcome(outcome: Outcome, why: str) -> str:
    return f"**{outcome.action}** {code(outcome.address)}: {prose(why)}"


def _render_message(text: str, before: str = "") -> Iterator[str]:
    """A message: its first line as a sentence, what follows as a list, and lines to paste as one block."""
    lines = [line.rstrip() for line in text.split("\n") if line.strip()]
    to_paste = [line for line in lines[1:] if TO_PASTE.match(line)]
    rest = [line.strip().removeprefix("- ") for line in lines if line not in to_paste]
    if rest:
        yield before + prose(rest[0])
    if rest[1:]:
        yield bullets(take(map(prose, rest[1:]), LIST_LIMIT, REST))
    if to_paste:
        yield words.fence(take(to_paste, LIST_LIMIT, REST), "yaml")
