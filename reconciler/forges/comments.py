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
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from reconciler.errors import Refused, WrongUsage
from reconciler.forges.approvals import ours, read_marker
from reconciler.forges.ci import GITHUB, CiRun
from reconciler.forges.client import Comment
from reconciler.forges.forge import Forge, GitHub, GitLab
from reconciler.model.approval import DRIFT, NO_DRIFT, CommentMarker, find_marker, format_marker
from reconciler.text import counted

ISSUE_COMMANDS = frozenset({DRIFT, NO_DRIFT})
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
        self.run = run
        self.forge: Forge = GitHub(run) if run.host == GITHUB else GitLab(run)

    def publish(self, text: str) -> str:
        """Makes the text the comment of its environment, or that of drift its issue; returns in words what was done.

        WrongUsage if the text is none of ours; Refused if it is not clear which pull request is meant; the errors of
        the host's API.
        """
        marker = find_marker(text)
        if marker is None:
            render_body(text, [], "")
            return ""
        if marker.command in ISSUE_COMMANDS:
            return self._update_issue(marker, text)
        if self.run.queued:
            return "no comment: a merge queue plans what is not merged yet, and the pull requests keep their comments"
        numbers = [self.run.number] if self.run.number else self.forge.merged()
        if not numbers:
            return f"no comment: {self.run.commit[:12]} came with no pull request"
        me = self.forge.me()
        results = (self._put_under(me, number, marker, text, is_first=at == 0) for at, number in enumerate(numbers))
        return "; ".join(filter(None, results))

    def _put_under(self, me: str, number: int, marker: CommentMarker, text: str, *, is_first: bool) -> str:
        """Makes the text the comment under a pull request. If an apply is of several, the others are told only if they
        have one."""
        own = self._own(me, number, marker)
        if not (own or is_first):
            return ""
        body = render_body(text, self._trusted(own) if marker.command == "apply" else own, self.run.run)
        # Two jobs at the same time may each have made one.
        for stray in own[1:]:
            self.forge.edit(number, stray, FOLDED)
        if not own:
            create, exists = partial(self.forge.create, number, body), lambda: bool(self._own(me, number, marker))
            return _create_once(create, exists, f"wrote the comment under #{number}")
        if same(own[0].body, body):
            return f"the comment under #{number} says this already"
        self.forge.edit(number, own[0], body)
        return f"edited the comment under #{number}"

    def _trusted(self, own: list[Comment]) -> list[Comment]:
        """The comments, without the mark of one that somebody else edited: our edit would make it good again."""
        trusted = []
        for comment in own:
            try:
                self.forge.require_untouched(comment)
                trusted.append(comment)
            except Refused:
                trusted.append(replace(comment, body="\n" + comment.body.partition("\n")[2]))
        return trusted

    def _own(self, me: str, number: int, marker: CommentMarker) -> list[Comment]:
        """The comments that we wrote for the configuration and the environments of a mark, the oldest first. The plan
        of several goes on in that of another set which has some of them: one may have been added since."""
        comments = self.forge.comments(number)
        own = ours(comments, me, marker.configuration, marker.environment)
        if marker.command != "plan" or marker.several is None:
            return own
        near = [each for each in ours(comments, me, marker.configuration, None) if each not in own]
        sets = ((each, read_marker(each)) for each in near)
        return own + [each for each, it in sets if it.several and it.environments() & marker.environments()]

    def _update_issue(self, marker: CommentMarker, text: str) -> str:
        """Makes the text the issue of its environment; returns what was done. If nothing has drifted, the open issue is
        closed, and none is opened."""
        me = self.forge.me()
        own = self._own_issues(me, marker)
        closes = marker.command == NO_DRIFT
        body = render_body(text, own, self.run.run)
        if own:
            number = own[0].id
            if not closes and same(own[0].body, body):
                return f"the issue #{number} says this already"
            self.forge.edit_issue(number, body, close=closes)
            return f"{'closed' if closes else 'edited'} the issue #{number}"
        if closes:
            return "no issue: nothing has drifted"
        of = counted(len(marker.environments()), "environment") if marker.several else marker.environment
        title = f"Drift in {of}{f' of {marker.configuration}' if marker.configuration else ''}"
        create, exists = partial(self.forge.open_issue, title, body), lambda: bool(self._own_issues(me, marker))
        return _create_once(create, exists, "opened an issue")

    def _own_issues(self, me: str, marker: CommentMarker) -> list[Comment]:
        """The open issues that we wrote for the configuration and the environment of a mark, the oldest first."""
        found = ours(self.forge.issues(), me, marker.configuration, marker.environment, ISSUE_COMMANDS)
        return sorted(found, key=lambda issue: issue.id)


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
    marker = find_marker(text)
    if marker is None:
        raise WrongUsage("this is no comment of reconciler's", hint="give the file of `--report markdown=FILE`")
    if marker.command == "apply" and not marker.approvals():
        found = [known for each in own if (known := read_marker(each)).approvals()]
        # Nothing, if two comments (of jobs at the same time) say different things.
        if len({tuple((name, each.digest) for name, each in known.approvals().items()) for known in found}) == 1:
            marker = replace(marker, approval=found[0].approval, several=found[0].several)
    shown = text.partition("\n")[2].strip()
    link = f"\n\n[The run]({run})" if RUN.fullmatch(run) else ""
    body = f"{format_marker(marker)}\n{shown}{link}"
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
    marker = read_marker(Comment(0, current, ""))
    approval = next(iter(marker.approvals().values()), None)
    commit = approval.commit if approval and marker.command == "plan" else ""
    head = f"`{commit[:SHORT_COMMIT]}` " if re.match(r"[0-9a-f]{40}", commit) else ""
    lines = [f"{head}{title}", *listed] if is_new else listed
    return [line for line in lines if len(line) <= LONGEST_EARLIER][:MOST_EARLIER]
