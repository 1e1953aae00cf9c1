"""The one comment of an environment under a pull request: found, made, edited, and read for what was approved.

The author of a comment decides whether it counts. Anybody may paste a mark of ours into a comment, so only those count
whose author is the user that the token speaks for: on GitHub by its login (GraphQL's `viewer`, which for a workflow's
token is `github-actions[bot]`), on GitLab by its number (`GET /user`). People who may write to the repository may edit
comments of others all the same. GitHub tells of that, and such a comment approves nothing; GitLab does not tell, and
lets maintainers do it. Neither can make an apply do what was not planned for the merged configuration: the digest of
the plan that is made after the merge must be the one that was approved.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from typing import Self

from reconciler.errors import Refused, WrongUsage
from reconciler.forges.body import FOLDED, render_body, same
from reconciler.forges.ci import GITHUB, CiRun
from reconciler.forges.client import Comment, Forge
from reconciler.forges.github import GitHub
from reconciler.forges.gitlab import GitLab
from reconciler.model.approval import DRIFT, NO_DRIFT, Approval, CommentMarker, mark_in
from reconciler.model.settings import of_configuration

ISSUE_COMMANDS = frozenset({DRIFT, NO_DRIFT})
PLAN_AGAIN = "open a pull request and let its plan be reviewed, or apply by hand: `reconciler apply`"


class Comments:
    """The comments of ours under the pull request that a run is for."""

    def __init__(self, run: CiRun) -> None:
        self._run = run
        self._forge: Forge = GitHub(run) if run.host == GITHUB else GitLab(run)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._forge.close()

    def trace(self, tell: Callable[[str], None] | None) -> None:
        """`tell` is told of each exchange with the host, in a line without token or bodies."""
        self._forge.trace(tell)

    def put(self, text: str) -> str:
        """Makes the text the comment of its environment, or that of drift its issue; returns in words what was done.

        WrongUsage if the text is none of ours; Refused if it is not clear which pull request is meant; the errors of
        the host's API.
        """
        mark = mark_in(text)
        if mark is None:
            render_body(text, [], "")
            return ""
        if mark.command in ISSUE_COMMANDS:
            return self._update_issue(mark, text)
        number = self._run.number or self._merged()
        if number is None:
            return f"no comment: {self._run.commit[:12]} came with no pull request"
        me = self._forge.me()
        own = self._own(me, number, mark)
        body = render_body(text, self._trusted(own) if mark.command == "apply" else own, self._run.run)
        for stray in own[1:]:
            self._forge.edit(number, stray, FOLDED)
        if not own:
            return self._create(me, number, mark, body)
        if same(own[0].body, body):
            return f"the comment under #{number} says this already"
        self._forge.edit(number, own[0], body)
        return f"edited the comment under #{number}"

    def approved(self, environment: str | None, configuration: str | None = None) -> Approval:
        """What was approved by merging the pull request that this commit came with.

        Refused if there is none, or if its comment does not say, or was edited by somebody else; WrongUsage if it has
        comments of several configurations or environments, and none is named.
        """
        number = self._merged()
        if number is None:
            raise Refused(f"nothing was approved: {self._run.commit[:12]} came with no pull request", hint=PLAN_AGAIN)
        own = _ours(self._forge.comments(number), self._forge.me(), configuration, environment)
        marks = [mark for comment in own if (mark := mark_in(comment.body)) is not None]
        names = sorted({mark.environment for mark in marks})
        configurations = sorted({mark.configuration or "" for mark in marks})
        if len(configurations) > 1:
            known = ", ".join(each or "the one at the repository's top" for each in configurations)
            raise WrongUsage(
                f"#{number} has plans of several configurations: {known}", hint="--configuration PATH names the folder"
            )
        if len(names) > 1:
            raise WrongUsage(
                f"#{number} has plans of several environments: {', '.join(names)}", hint="--environment NAME names one"
            )
        approvals = [mark.approval for mark in marks if mark.approval is not None]
        if not approvals:
            why = "its plan failed" if own else "there is no plan of ours under it"
            raise Refused(f"nothing was approved in #{number}: {why}", hint=PLAN_AGAIN)
        if len({each.digest for each in approvals}) > 1 or len(approvals) < len(marks):
            raise Refused(f"#{number} has {len(own)} comments of ours, which say different things", hint=PLAN_AGAIN)
        if approvals[0].environment != names[0]:
            raise Refused(f"the comment under #{number} is damaged", hint=PLAN_AGAIN)
        for comment in own:
            self._forge.require_untouched(comment)
        return approvals[0]

    def _trusted(self, own: list[Comment]) -> list[Comment]:
        """The comments, without the mark of one that somebody else edited: our edit would make it good again."""
        trusted = []
        for comment in own:
            try:
                self._forge.require_untouched(comment)
                trusted.append(comment)
            except Refused:
                trusted.append(replace(comment, body="\n" + comment.body.partition("\n")[2]))
        return trusted

    def _merged(self) -> int | None:
        found = self._forge.merged(self._run.commit)
        if len(found) > 1:
            listed = ", ".join(f"#{number}" for number in found)
            raise Refused(f"{self._run.commit[:12]} came with several pull requests: {listed}", hint=PLAN_AGAIN)
        return found[0] if found else None

    def _own(self, me: str, number: int, mark: CommentMarker) -> list[Comment]:
        """The comments that we wrote for the configuration and the environment of a mark, the oldest first."""
        return _ours(self._forge.comments(number), me, mark.configuration, mark.environment)

    def _create(self, me: str, number: int, mark: CommentMarker, body: str) -> str:
        return _create_once(
            lambda look: self._forge.create(number, body, look),
            lambda: bool(self._own(me, number, mark)),
            f"wrote the comment under #{number}",
        )

    def _update_issue(self, mark: CommentMarker, text: str) -> str:
        """Makes the text the issue of its environment; returns what was done. If nothing has drifted, the open issue is
        closed, and none is opened."""
        me = self._forge.me()
        own = self._own_issues(me, mark)
        closes = mark.command == NO_DRIFT
        body = render_body(text, own, self._run.run)
        if own:
            number = own[0].id
            if not closes and same(own[0].body, body):
                return f"the issue #{number} says this already"
            self._forge.edit_issue(number, body, close=closes)
            return f"{'closed' if closes else 'edited'} the issue #{number}"
        if closes:
            return "no issue: nothing has drifted"
        title = f"Drift in {mark.environment}{of_configuration(mark.configuration)}"
        return _create_once(
            lambda look: self._forge.open_issue(title, body, look),
            lambda: bool(self._own_issues(me, mark)),
            "opened an issue",
        )

    def _own_issues(self, me: str, mark: CommentMarker) -> list[Comment]:
        """The open issues that we wrote for the configuration and the environment of a mark, the oldest first."""
        found = _ours(self._forge.issues(), me, mark.configuration, mark.environment, ISSUE_COMMANDS)
        return sorted(found, key=lambda issue: issue.id)


def _ours(
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
        and (mark := mark_in(comment.body)) is not None
        and (commands is None or mark.command in commands)
        and mark.is_for(configuration, environment)
    ]


def _create_once(create: Callable[[Callable[[bool], None]], None], exists: Callable[[], bool], done: str) -> str:
    """Creates something and returns `done`. If the answer is lost, looks for it before it is sent again, or there were
    two. `create` takes the function that is called before each retry."""

    def look(may_have_succeeded: bool) -> None:
        if may_have_succeeded and exists():
            raise _AlreadyDone

    try:
        create(look)
    except _AlreadyDone:
        return f"{done}; the answer was lost, and it was found there"
    return done


class _AlreadyDone(Exception):
    """What was about to be sent again is done."""
