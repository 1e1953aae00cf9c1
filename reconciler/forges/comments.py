"""The one comment of an environment under a pull request: found, made, edited, and read for what was approved.

The author of a comment decides whether it counts. Anybody may paste a mark of ours into a comment, so only those count
whose author is the user that the token speaks for: on GitHub by its login (GraphQL's `viewer`, which for a workflow's
token is `github-actions[bot]`), on GitLab by its number (`GET /user`). People who may write to the repository may edit
comments of others all the same. GitHub tells of that, and such a comment approves nothing; GitLab does not tell, and
lets maintainers do it. Neither can make an apply do what was not planned for the merged configuration: the digest of
the plan that is made after the merge must be the one that was approved.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import Self

from reconciler.errors import Refused, WrongUsage
from reconciler.forges.ci import GITHUB, CiRun
from reconciler.forges.client import Comment
from reconciler.forges.forge import Forge, GitHub, GitLab
from reconciler.model.approval import DRIFT, NO_DRIFT, Approval, CommentMarker, mark_in, marker_line
from reconciler.model.settings import of_configuration

ISSUE_COMMANDS = frozenset({DRIFT, NO_DRIFT})
PLAN_AGAIN = "open a pull request and let its plan be reviewed, or apply by hand: `reconciler apply`"
LONGEST = 65_536
"""Characters of a comment on GitHub; on GitLab 1,000,000 (docs.gitlab.com/administration/instance_limits)."""
HISTORY = "<!-- reconciler history -->"
MOST_EARLIER = 10
LONGEST_EARLIER = 200
SHORT_COMMIT = 12
RUN = re.compile(r"https?://[^\s()<>\[\]]+")
OLDER = "<summary>An older comment of reconciler</summary>"
FOLDED = f"<details>{OLDER}\n\nThe one above it is kept up to date.\n\n</details>"


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
            return _create_once(
                lambda look: self._forge.create(number, body, look),
                lambda: bool(self._own(me, number, mark)),
                f"wrote the comment under #{number}",
            )
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
        known = [each or "the one at the repository's top" for each in configurations]
        several = [("configurations", known, "--configuration PATH names the folder")]
        for what, found, hint in (*several, ("environments", names, "--environment NAME names one")):
            if len(found) > 1:
                raise WrongUsage(f"#{number} has plans of several {what}: {', '.join(found)}", hint=hint)
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


def render_body(text: str, own: Sequence[Comment], run: str) -> str:
    """What the comment says from now on. `text` is what `--report markdown=FILE` wrote; `own` are the comments of this
    environment that are there, the first of which is kept; `run` is the address of this run.

    A plan's text brings what is approved from now on. That of an apply brings none, and what was approved stays: the
    job may be run again. WrongUsage if the text is not ours, or too long.
    """
    mark = mark_in(text)
    if mark is None:
        raise WrongUsage("this is no comment of reconciler's", hint="give the file of `--report markdown=FILE`")
    if mark.command == "apply" and mark.approval is None:
        found = [known.approval for each in own if (known := mark_in(each.body)) and known.approval]
        # Nothing, if two comments (of jobs at the same time) say different things.
        mark = replace(mark, approval=found[0] if len({each.digest for each in found}) == 1 else None)
    shown = text.partition("\n")[2].strip()
    link = f"\n\n[The run]({run})" if RUN.fullmatch(run) else ""
    body = f"{marker_line(mark)}\n{shown}{link}"
    earlier = _earlier(own[0].body, shown) if own else []
    if earlier:
        listed = "\n".join(f"- {line}" for line in earlier)
        summary = f"<summary>Earlier: {len(earlier)}</summary>"
        with_history = f"{body}\n\n{HISTORY}\n<details>{summary}\n\n{listed}\n\n</details>"
        body = with_history if len(with_history) <= LONGEST else body
    if len(body) > LONGEST:
        raise WrongUsage(f"the comment has {len(body):,} characters, of which hosts take {LONGEST:,}")
    return body


def same(body: str, other: str) -> bool:
    """Whether two bodies say the same: hosts give them back with other line ends, and no blanks at the end."""
    return body.replace("\r\n", "\n").strip() == other.replace("\r\n", "\n").strip()


def _earlier(body: str, shown: str) -> list[str]:
    """The titles of what stood there, the latest first: that of the comment itself, then those that it lists."""
    current, _, history = body.replace("\r\n", "\n").partition(HISTORY)
    listed = [line.removeprefix("- ") for line in history.split("\n") if line.startswith("- ")]
    title = next((line for line in current.split("\n")[1:] if line.strip()), "").strip()
    is_new = bool(title) and current.partition("\n")[2].strip().partition("\n\n[The run]")[0] != shown
    mark = mark_in(current)
    commit = mark.approval.commit if mark and mark.approval and mark.command == "plan" else ""
    head = f"`{commit[:SHORT_COMMIT]}` " if re.match(r"[0-9a-f]{40}", commit) else ""
    lines = [f"{head}{title}", *listed] if is_new else listed
    return [line for line in lines if len(line) <= LONGEST_EARLIER][:MOST_EARLIER]
