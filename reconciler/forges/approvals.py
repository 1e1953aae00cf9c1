"""What was approved by merging: the plans in our comments under the pull requests that came with a push."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from reconciler.errors import Refused, WrongUsage
from reconciler.forges.ci import CiRun
from reconciler.forges.client import Comment
from reconciler.forges.forge import PLAN_AGAIN, Forge
from reconciler.model.approval import NOTHING, Approval, CommentMarker, find_marker


def approved(run: CiRun, forge: Forge, environments: Sequence[str], configuration: str | None = None) -> list[Approval]:
    """What was approved by merging the pull requests that came with the push. Without `environments` it is for the one
    that they have plans of. Of one that they left out, since nothing of it has changed, `NOTHING` is approved.

    Refused if there is none, or if a comment does not say, or was edited by somebody else; WrongUsage if there are
    comments of several configurations or environments, and none is named.
    """
    # An old job that is run again would apply what is not what the branch says now.
    if run.attempt > 1 and run.branch and (tip := forge.tip()) != run.commit:
        raise Refused(
            f"this job is run again for {run.commit[:12]}, and {run.branch} is at {tip[:12]} now: what was approved "
            "then may be older than what is live",
            hint=f"run the job of the newest commit of {run.branch} again, or apply by hand: `reconciler apply`",
        )
    if not (numbers := forge.merged()):
        raise Refused(f"nothing was approved: {run.commit[:12]} came with no pull request", hint=PLAN_AGAIN)
    me = forge.me()
    merged = [Merged(forge, number, me, configuration) for number in numbers]
    listed = " and ".join(f"#{number}" for number in numbers)
    names = _require_one(merged, listed, environments)
    approvals: list[Approval] = []
    for name in environments or names or [""]:
        found = [each.approved(name) for each in merged]
        why = [each for each in found if isinstance(each, str)]
        if len(why) == len(found):
            of = f"for {name} " if len(environments) > 1 else ""
            raise Refused(f"nothing was approved {of}in {listed}: {why[0]}", hint=PLAN_AGAIN)
        own = {each.digest: each for each in reversed(found) if isinstance(each, Approval)}
        approvals += own.values() or [Approval(name, NOTHING)]
    return approvals


def _require_one(merged: Sequence[Merged], listed: str, environments: Sequence[str]) -> list[str]:
    """The environments that there are plans of. WrongUsage if it has to be named which one is meant."""
    markers = [marker for each in merged for _, marker in each.comments]
    names = sorted({name for marker in markers for name in marker.environments()})
    configurations = sorted({marker.configuration or "" for marker in markers})
    known = [each or "the one at the repository's top" for each in configurations]
    several = [("configurations", known, "--configuration PATH names the folder")]
    if not environments:
        several.append(("environments", names, "--environment NAME names one, --all means all"))
    for what, found, hint in several:
        if len(found) > 1:
            raise WrongUsage(f"{listed} has plans of several {what}: {', '.join(found)}", hint=hint)
    return names


class Merged:
    """A pull request that was merged, with our comments of a configuration."""

    def __init__(self, forge: Forge, number: int, me: str, configuration: str | None) -> None:
        self._forge = forge
        self._number = number
        self._checked: set[int] = set()
        found = [(each, read_marker(each)) for each in ours(forge.comments(number), me, configuration, None)]
        # What tells of an apply, beside the comment with the plan, approves nothing and takes nothing back.
        plans = [(each, marker) for each, marker in found if marker.command != "apply" or marker.approvals()]
        self.comments = plans or found

    def approved(self, environment: str) -> Approval | str | None:
        """What it approves for an environment, or why nothing; None if it left the environment out."""
        of = [(each, marker) for each, marker in self.comments if environment in marker.environments()]
        of = [(each, marker) for each, marker in of if not (marker.several and environment in marker.several.left_out)]
        approvals = [marker.approvals()[environment] for _, marker in of if environment in marker.approvals()]
        if not of:
            is_left_out = any(environment in marker.environments() for _, marker in self.comments)
            return None if is_left_out else "there is no plan of ours under it"
        if not approvals:
            return "its plan failed"
        if len({each.digest for each in approvals}) > 1 or len(approvals) < len(of):
            message = f"#{self._number} has {len(of)} comments of ours, which say different things"
            raise Refused(message, hint=PLAN_AGAIN)
        if approvals[0].environment != environment:
            raise Refused(f"the comment under #{self._number} is damaged", hint=PLAN_AGAIN)
        for comment in (each for each, _ in of if each.id not in self._checked):
            self._forge.require_untouched(comment)
            self._checked.add(comment.id)
        return approvals[0]


def read_marker(comment: Comment) -> CommentMarker:
    """The mark of a comment of ours."""
    return find_marker(comment.body) or CommentMarker("", "")


def ours(
    comments: Iterable[Comment],
    me: str,
    configuration: str | None,
    environment: str | None,
    commands: Collection[str] | None = None,
) -> list[Comment]:
    """Those whose author is `me` and whose mark is of that configuration and environment, and of one of `commands`."""
    return [
        comment
        for comment in comments
        if comment.author == me
        and (marker := find_marker(comment.body)) is not None
        and (commands is None or marker.command in commands)
        and marker.is_for(configuration, environment)
    ]
