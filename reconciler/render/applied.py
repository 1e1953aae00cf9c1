"""What an apply did, as text for people."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.apply_report import ApplyReport, Outcome, Status, Verification
from reconciler.render.terminal import bold, red, visible, yellow
from reconciler.render.wording import counted


class ReportText:
    """What an apply did, for a terminal."""

    def __init__(self, report: ApplyReport) -> None:
        self._report = report

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        report = self._report
        counts = [f"{len(report.of(status))} {status.value}" for status in Status if report.of(status)]
        yield bold(f"Applied to {visible(report.environment)}: {', '.join(counts) or 'nothing to do'}")
        for outcome in report.outcomes:
            if outcome.status is not Status.DONE or outcome.verification not in (Verification.VERIFIED, None):
                yield self._outcome(outcome)
        verified = sum(outcome.verification is Verification.VERIFIED for outcome in report.outcomes)
        if verified:
            yield f"{counted(verified, 'change')} read back and verified."
        for warning in report.warnings:
            yield yellow(f"warning: {visible(warning)}")
        if report.unrecorded:
            yield red("error: ") + visible(report.unrecorded)

    def _outcome(self, outcome: Outcome) -> str:
        head = f"  {outcome.status.value}: {outcome.action} {visible(outcome.address)}"
        if outcome.status is Status.FAILED:
            return red(head) + f": {visible(outcome.reason)}"
        if outcome.status is Status.SKIPPED:
            return yellow(head) + f": {visible(outcome.reason or f'because of {outcome.because_of}')}"
        if outcome.status is Status.MANUAL:
            return yellow(head) + ": still to be done by a person, see the plan"
        return yellow(f"{head}, but {outcome.verification}") + (
            f": {visible(outcome.reason)}" if outcome.reason else ""
        )
