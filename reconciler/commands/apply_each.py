"""An apply of several environments: planned side by side and shown, then carried out one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import compress, product

from reconciler.commands.apply import ApplyRequest, Screen, run, show
from reconciler.commands.environments import Environments
from reconciler.commands.review import Preview, ReportFiles, judge_together
from reconciler.commands.state import read_history
from reconciler.errors import ApiFailed, NotBegun, Refused
from reconciler.lazy import frozen
from reconciler.model.approval import collect_digests, join_digests
from reconciler.model.reports import Applied, Ended
from reconciler.plan.approval import IN_WORDS, Approved

NOT_BEGUN = "remove the cause and apply again: what is done stays; --keep-going goes on with the others"
INTERRUPTED = "the run was interrupted before it"
FEW_UNCHANGED = 10  # every choice of them is tried: 1,024 digests, each a hash of short texts


@frozen
class ApplyEach:
    """What it works with: the environments in their order, what is asked, and where it is shown."""

    environments: Environments
    request: ApplyRequest
    files: ReportFiles
    screen: Screen
    keep_going: bool = False

    def run(self) -> list[Ended[Applied]]:
        """Plans all side by side, shows that, asks once, and applies one after the other.

        Each is planned again under its lock, and that plan has to be the approved or shown one. Stops at the first
        failure, unless `keep_going`.
        """
        shown = judge_together(self.environments.run(lambda session: show(session, self.request, self.files.forms())))
        reviews = [each.map(lambda made: made.review) for each in shown]
        self.files.write_plans(reviews, is_begun=True)
        self.screen.show_plans(reviews)
        approved = self._find_approved(shown)
        if changing := [each.environment for each in shown if each.value and each.value.planned.plan.changes]:
            self.screen.confirm(changing)
        done: list[Ended[Applied]] = []
        try:
            for each in shown:
                done.append(self._carry_out(each, approved, self._find_stop_reason(done)))
        except KeyboardInterrupt:
            current, *left = shown[len(done) :]
            error = ApiFailed("interrupted", hint="apply again: it goes on from there")
            done.append(Ended(current.environment, error=error))
            done += [self._carry_out(each, approved, INTERRUPTED) for each in left]
            raise
        finally:
            self.files.write_reports(done)
            self.screen.show_ends(done)
        return done

    def _find_stop_reason(self, ended: Sequence[Ended[Applied]]) -> str:
        """Why no further environment is begun; empty if one is."""
        reports = [each.value.report for each in ended if each.value and each.value.report]
        if any(report.is_interrupted for report in reports):
            return INTERRUPTED
        failed = [each.environment for each in ended if each.exit_code]
        return f"{failed[0]} failed before it" if failed and not self.keep_going else ""

    def _carry_out(self, shown: Ended[Preview], approved: Mapping[str, Approved], stopped: str) -> Ended[Applied]:
        name, made = shown.environment, shown.value
        if shown.left_out:
            return Ended(name, left_out=shown.left_out)
        if stopped:
            error = NotBegun(f"not begun: {stopped}", hint=NOT_BEGUN)
            return replace(shown.map(lambda made: Applied(made.review)), error=error)
        if made is None:
            return Ended(name, error=shown.error)
        if made.refused is not None:
            return Ended(name, Applied(made.review), made.refused)
        self.screen.begin(name)
        # The digest of all together is that of no single plan: each is bound to the one that was shown.
        expected = None if name in approved else self.request.expected
        request = replace(self.request, expected=expected, approved=approved.get(name))
        files = ReportFiles("apply", self.files.path, ())
        ended = self.environments.run_one(name, lambda session: run(session, request, files, self.screen))
        if ended.value is None or ended.value.report is None:
            return replace(ended, value=Applied(made.review))
        return replace(ended, code=ended.value.report.exit_code())

    def _find_approved(self, shown: Sequence[Ended[Preview]]) -> dict[str, Approved]:
        """The approved digest of each environment, but for those that the file of `--expect-digest` approves.

        Without `--expect-digest` these are the shown plans. Refused if the expected digest is not that of all plans.
        """
        made = {each.environment: each.value.planned for each in shown if each.value}
        approved = {name: Approved(each.plan.digest, name) for name, each in made.items()}
        expected = self.request.expected
        if expected is None:
            return approved
        # An earlier run of this command may have applied some of them: what has nothing left to do needs no approval.
        unchanged = {name: each for name, each in made.items() if not each.plan.changes}
        if expected.startswith("@"):
            return {name: approved[name] for name in unchanged}
        now = collect_digests([each.map(lambda made: made.review) for each in shown])
        applied = {name: each.state.plan for name, each in unchanged.items() if each.state.plan}
        if any(join_digests(now | chosen) == expected for chosen in self._find_earlier(applied)):
            return approved
        raise Refused(
            f"these are not the plans that were approved: {join_digests(now)} is planned now, {expected} was expected",
            hint=IN_WORDS,
        )

    def _find_earlier(self, applied: Mapping[str, str]) -> Iterator[dict[str, str]]:
        """The sets of environments that an earlier run of this command may have applied: every subset of `applied` if
        they are few, else the latest ones by their receipts."""
        if len(applied) <= FEW_UNCHANGED:
            # By receipts alone, what another command has applied since would hide the right one.
            for chosen in product((False, True), repeat=len(applied)):
                yield dict(compress(applied.items(), chosen))
            return
        history = {name: read_history(self.files.path, name) for name in applied}
        latest = sorted(applied, key=lambda name: history[name][0].at if history[name] else "", reverse=True)
        for count in range(len(latest) + 1):
            yield {name: applied[name] for name in latest[:count]}
