"""What an apply did, and why a command failed, in the frame of a plan's comment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import ClassVar

from reconciler.errors import (
    ApiFailed,
    ConfigurationInvalid,
    NotAuthorised,
    Problem,
    ReconcilerError,
    Refused,
    WrongUsage,
)
from reconciler.model.approval import CommentMarker, marker_line
from reconciler.model.reports import ApplyReport, Failure, Outcome, Review, Status, Verification
from reconciler.output.markdown.plan import PlanMarkdown
from reconciler.output.markdown.words import bullets, code, commit, fence, fitting, folded, place, prose, with_line
from reconciler.text import counted

LIST_ROOM = 7_000
REST = "`reconciler history` and the run's log have all"
PLAN_ROOM = 24_000
TO_PASTE = re.compile(r"\s*(?:imports:$|- \{.*\})")
GRAVE = frozenset({Status.FAILED, Status.SKIPPED})


class AppliedMarkdown:
    """What was done of a plan. Its mark approves nothing: what was approved stays as it is."""

    def __init__(self, review: Review, report: ApplyReport) -> None:
        self._review = review
        self._report = report

    def __str__(self) -> str:
        mark = marker_line(CommentMarker(self._report.environment, "apply", configuration=self._report.configuration))
        return f"{mark}\n" + "\n\n".join([self._title(), *self._body(), self._footer()])

    def _title(self) -> str:
        counts = {status: len(self._report.of(status)) for status in Status}
        words = {status: f"{number:,} {status.value}" for status, number in counts.items() if number}
        counts_text = [f"**{text}**" if status in GRAVE else text for status, text in words.items()]
        where = place(self._report.environment, self._report.configuration)
        return f"Applied to {where}: {', '.join(counts_text) or 'nothing to do'}"

    def _body(self) -> Iterator[str]:
        report = self._report
        if report.unrecorded:
            yield f"**The state could not be written**: {prose(report.unrecorded)}"
        yield from _listed("Failed", (_because(each, each.reason) for each in report.of(Status.FAILED)))
        skipped = ((each, each.reason or f"because of {each.because_of}") for each in report.of(Status.SKIPPED))
        yield from _listed("Skipped", (_because(each, why) for each, why in skipped))
        done = report.of(Status.DONE)
        doubtful = [each for each in done if each.verification not in (Verification.VERIFIED, None)]
        yield from _listed("Done, but", (_because(each, f"{each.verification} {each.reason}") for each in doubtful))
        yield from _listed("To do by hand", map(prose, self._review.tasks), "- [ ]")
        yield from _listed("Warnings", map(with_line, report.warnings))
        fine = [each for each in done if each not in doubtful]
        if fine:
            verified = sum(each.verification is Verification.VERIFIED for each in fine)
            summary = f"{counted(len(fine), 'change')} done, {verified:,} of them read back and verified"
            listed = (f"**{each.action}** {code(each.address)}" for each in fine)
            yield folded(summary, bullets(fitting(listed, LIST_ROOM, REST)))

    def _footer(self) -> str:
        receipt = self._report.receipt
        left = (
            f" Receipt {code(receipt.id)}: `reconciler plan --undo {receipt.id}` plans the way back." if receipt else ""
        )
        of = f" of commit {commit(self._review.commit)}" if self._review.commit else ""
        return f"---\n\nApplied the plan{of} with the digest {code(self._report.digest)}.{left}"


class FailedMarkdown:
    """Why a command failed, and what to do. Its mark approves nothing."""

    TITLES: ClassVar[dict[type[BaseException], str]] = {
        NotAuthorised: "not authorised",
        Refused: "refused",
        WrongUsage: "wrong usage",
        ApiFailed: "the API or the network failed",
        KeyboardInterrupt: "interrupted",
    }

    def __init__(self, failure: Failure) -> None:
        self._failure = failure
        self._error = failure.error

    def __str__(self) -> str:
        mark = marker_line(
            CommentMarker(self._failure.environment, self._failure.command, configuration=self._failure.configuration)
        )
        return f"{mark}\n" + "\n\n".join([self._title(), *self._body(), *self._footer()])

    def _title(self) -> str:
        done = {"plan": "Planning", "apply": "Applying"}[self._failure.command]
        return f"**{done} failed** for {place(self._failure.environment, self._failure.configuration)}: {self._what()}"

    def _what(self) -> str:
        error = self._error
        if isinstance(error, ConfigurationInvalid):
            return f"{counted(len(error.problems), 'problem')} in the configuration"
        return next((words for kind, words in self.TITLES.items() if isinstance(error, kind)), "a fault in reconciler")

    def _body(self) -> Iterator[str]:
        error = self._error
        if isinstance(error, ConfigurationInvalid):
            yield bullets(fitting(map(_problem, error.problems), LIST_ROOM, "`reconciler validate` lists all"))
        elif isinstance(error, ReconcilerError):
            yield from _lines(str(error))
            yield from _lines("\n".join(getattr(error, "__notes__", ())))
            yield from _lines(error.hint or "", "What to do: ")
        elif not isinstance(error, KeyboardInterrupt):
            yield f"{code(type(error).__name__)}: this is a bug of ours, and no mistake of yours. The log has the rest."
        before_it_began = isinstance(error, ConfigurationInvalid | NotAuthorised | Refused | WrongUsage)
        if self._failure.command == "apply" and not before_it_began:
            yield "What an apply has done is remembered: `reconciler plan` says what is left."
        if self._failure.review is not None:
            yield folded("What is planned now", PlanMarkdown(self._failure.review).text(PLAN_ROOM, footer=False))

    def _footer(self) -> Iterator[str]:
        if self._failure.commit:
            yield f"---\n\nOf commit {commit(self._failure.commit)}."


def _listed(heading: str, lines: Iterable[str], sign: str = "-") -> Iterator[str]:
    if listed := list(fitting(lines, LIST_ROOM, REST)):
        yield f"#### {heading}"
        yield bullets(listed, sign)


def _because(outcome: Outcome, why: str) -> str:
    return f"**{outcome.action}** {code(outcome.address)}: {prose(why)}"


def _problem(problem: Problem) -> str:
    where = f"{problem.file}:{problem.line}:{problem.column}" if problem.line else problem.file
    return f"{code(where)}: {prose(problem.message)}"


def _lines(text: str, before: str = "") -> Iterator[str]:
    """A message: its first line as a sentence, what follows as a list, and lines to paste as one block."""
    lines = [line.rstrip() for line in text.split("\n") if line.strip()]
    to_paste = [line for line in lines[1:] if TO_PASTE.match(line)]
    rest = [line.strip().removeprefix("- ") for line in lines if line not in to_paste]
    if rest:
        yield before + prose(rest[0])
    if rest[1:]:
        yield bullets(fitting(map(prose, rest[1:]), LIST_ROOM, REST))
    if to_paste:
        yield fence(fitting(to_paste, LIST_ROOM, REST), "yaml")
