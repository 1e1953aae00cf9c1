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
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from reconciler.errors import Refused, WrongUsage
from reconciler.forges.ci import GITHUB, CiRun
from reconciler.forges.client import Comment
from reconciler.forges.forge import PLAN_AGAIN, Forge, GitHub, GitLab
from reconciler.model.approval import DRIFT, NO_DRIFT, NOTHING, Approval, CommentMarker, find_marker, format_marker
from reconciler.text import format_count

ISSUE_COMMANDS = frozenset({DRIFT, NO_DRIFT})
LONGEST = 65_536
"""Characters of a comment on GitHub; on GitLab 1,000,000 (docs.gitlab.com/administration/instance_limits)."""
HISTORY = "<!-- reconciler history -->"  # what follows lists earlier titles of the comment
MOST_EARLIER = 10
LONGEST_EARLIER = 200
SHORT_COMMIT = 12
RUN = re.compile(r"https?://[^\s()<>\[\]]+")
OLDER = "<summary>An older comment of reconciler</summary>\n\nThe one above it is kept up to date.\n\n"


Marked = list[tuple[Comment, CommentMarker]]
"""Comments, each with its mark."""


class Comments:
    """Our comments under the pull requests of a run, and our issues."""

    def __init__(self, run: CiRun) -> None:
        self.run = run
        self.forge: Forge = GitHub(run) if run.host == GITHUB else GitLab(run)
        self._untouched: set[int] = set()

    def publish(self, text: str) -> str:
        """Makes the text the comment of its environment, or that of drift its issue; returns in words what was done.

        WrongUsage if the text is none of ours; Refused if it is not clear which pull request is meant; the errors of
        the host's API.
        """
        text = text.replace("\r\n", "\n")
        if (marker := find_marker(text)) is None:
            raise WrongUsage("this is no comment of reconciler's", hint="give the file of `--report markdown=FILE`")
        if marker.command in ISSUE_COMMANDS:
            return self._update_issue(marker, text)
        if self.run.queued:
            return "no comment: a merge queue plans what is not merged yet, and the pull requests keep their comments"
        numbers = [self.run.number] if self.run.number else self.forge.find_merged()
        if not numbers:
            return f"no comment: {self.run.commit[:12]} came with no pull request"
        me = self.forge.find_author()
        results = (self._write_comment(me, number, marker, text, is_first=at == 0) for at, number in enumerate(numbers))
        return "; ".join(filter(None, results))

    def _write_comment(self, me: str, number: int, marker: CommentMarker, text: str, *, is_first: bool) -> str:
        """Makes the text the comment under a pull request. If an apply is of several, the others are told only if they
        have one."""

        def find() -> list[Comment]:
            found = _find_ours(self.forge.list_comments(number), me, marker.configuration)
            own = [comment for comment, its in found if its.environment == marker.environment]
            if marker.command == "plan" and marker.several:
                # It goes on in that of another set which has some of them: an environment may have been added since.
                near = ((comment, its) for comment, its in found if its.several and comment not in own)
                own += [comment for comment, its in near if its.environments() & marker.environments()]
            return own

        own = find()
        if not (own or is_first):
            return ""
        bodies = [each.body for each in own]
        if marker.command == "apply":
            # One that somebody else edited loses its mark, or our edit would hide that edit.
            bodies = [
                "\n" + each.body.partition("\n")[2] if self.forge.find_editor(each) else each.body for each in own
            ]
        body = _render_body(text, marker, bodies, self.run.run)
        # Two jobs at the same time may each have made one.
        for stray in own[1:]:
            self.forge.edit_comment(number, stray, f"<details>{OLDER}</details>")
        if not own:
            return _create_once(
                partial(self.forge.create_comment, number, body), find, f"wrote the comment under #{number}"
            )
        if own[0].body.strip() == body.strip():  # hosts give back no blanks at the end
            return f"the comment under #{number} says this already"
        self.forge.edit_comment(number, own[0], body)
        return f"edited the comment under #{number}"

    def _update_issue(self, marker: CommentMarker, text: str) -> str:
        """Makes the text the issue of its environment; returns what was done. If nothing has drifted, the open issue is
        closed, and none is opened."""
        me = self.forge.find_author()

        def find() -> list[Comment]:
            found = _find_ours(self.forge.list_issues(), me, marker.configuration)
            own = [it for it, its in found if its.command in ISSUE_COMMANDS and its.environment == marker.environment]
            return sorted(own, key=lambda issue: issue.id)  # GitHub lists the newest first, and the oldest is kept

        own = find()
        closes = marker.command == NO_DRIFT
        body = _render_body(text, marker, [each.body for each in own], self.run.run)
        if own:
            number = own[0].id
            if not closes and own[0].body.strip() == body.strip():
                return f"the issue #{number} says this already"
            self.forge.edit_issue(number, body, close=closes)
            return f"{'closed' if closes else 'edited'} the issue #{number}"
        if closes:
            return "no issue: nothing has drifted"
        of = format_count(len(marker.environments()), "environment") if marker.several else marker.environment
        title = f"Drift in {of}{f' of {marker.configuration}' if marker.configuration else ''}"
        return _create_once(partial(self.forge.open_issue, title, body), find, "opened an issue")

    def find_approvals(self, environments: Sequence[str], configuration: str | None = None) -> list[Approval]:
        """What was approved by merging the pull requests that came with the push. Without `environments` it is for the
        one that they have plans of. Of one that they left out, since nothing of it has changed, `NOTHING` is approved.

        Refused if there is none, or if a comment does not say, or was edited by somebody else; WrongUsage if there are
        comments of several configurations or environments, and none is named.
        """
        run, forge = self.run, self.forge
        # An old job that is run again would apply what is not what the branch says now.
        if run.attempt > 1 and run.branch and (tip := forge.find_tip()) != run.commit:
            raise Refused(
                f"this job is run again for {run.commit[:12]}, and {run.branch} is at {tip[:12]} now: what was "
                "approved then may be older than what is live",
                hint=f"run the job of the newest commit of {run.branch} again, or apply by hand: `reconciler apply`",
            )
        if not (numbers := forge.find_merged()):
            raise Refused(f"nothing was approved: {run.commit[:12]} came with no pull request", hint=PLAN_AGAIN)
        me = forge.find_author()
        merged = {number: self._find_plans(me, number, configuration) for number in numbers}
        listed = " and ".join(f"#{number}" for number in numbers)
        markers = [marker for plans in merged.values() for _, marker in plans]
        names = _require_one(markers, listed, environments)
        approvals: list[Approval] = []
        for name in environments or names or [""]:
            found = [self._find_approval(number, plans, name) for number, plans in merged.items()]
            why = [each for each in found if isinstance(each, str)]
            if len(why) == len(found):
                of = f"for {name} " if len(environments) > 1 else ""
                raise Refused(f"nothing was approved {of}in {listed}: {why[0]}", hint=PLAN_AGAIN)
            own = {each.digest: each for each in reversed(found) if isinstance(each, Approval)}
            approvals += own.values() or [Approval(name, NOTHING)]
        return approvals

    def _find_plans(self, me: str, number: int, configuration: str | None) -> Marked:
        """Our comments of a configuration under a merged pull request. What tells of an apply, beside the comment with
        the plan, approves nothing and takes nothing back."""
        found = _find_ours(self.forge.list_comments(number), me, configuration)
        return [(each, its) for each, its in found if its.command != "apply" or its.approvals()] or found

    def _find_approval(self, number: int, plans: Marked, environment: str) -> Approval | str | None:
        """The approval for an environment, or why there is none; None if the plan left the environment out."""
        about = [(each, marker) for each, marker in plans if environment in marker.environments()]
        of = [(each, its) for each, its in about if not (its.several and environment in its.several.left_out)]
        if not of:
            return None if about else "there is no plan of ours under it"
        approvals = [marker.approvals()[environment] for _, marker in of if environment in marker.approvals()]
        if not approvals:
            return "its plan failed"
        if len({each.digest for each in approvals}) > 1 or len(approvals) < len(of):
            message = f"#{number} has {len(of)} comments of ours, which say different things"
            raise Refused(message, hint=PLAN_AGAIN)
        if approvals[0].environment != environment:
            raise Refused(f"the comment under #{number} is damaged", hint=PLAN_AGAIN)
        for comment in (each for each, _ in of if each.id not in self._untouched):
            if editor := self.forge.find_editor(comment):
                raise Refused(
                    f"the comment with the plan was edited by {editor}: what was approved cannot be told from it",
                    hint="run the plan's job of the pull request again: it writes the comment anew",
                )
            self._untouched.add(comment.id)
        return approvals[0]


def _create_once(create: Callable[[Callable[[bool], None]], None], find: Callable[[], object], done: str) -> str:
    """Creates something and returns `done`. If the answer is lost, looks for it before it is sent again, or there were
    two. `create` takes the function that is called before each retry; `find` gives what is there."""

    def look(may_have_succeeded: bool) -> None:
        if may_have_succeeded and find():
            raise _AlreadyDone

    try:
        create(look)
    except _AlreadyDone:
        return f"{done}; the answer was lost, and it was found there"
    return done


class _AlreadyDone(Exception):
    """What was about to be sent again is done."""


def _render_body(text: str, marker: CommentMarker, bodies: Sequence[str], run: str) -> str:
    """What the comment says from now on. `text` is what `--report markdown=FILE` wrote, `marker` its mark; `bodies` are
    the comments of this environment that are there, the first of which is kept; `run` is the address of this run.

    A plan's text brings what is approved from now on. That of an apply brings none, and what was approved stays: the
    job may be run again. WrongUsage if the text is too long.
    """
    if marker.command == "apply" and not marker.approvals():
        found = [known for each in bodies if (known := find_marker(each)) and known.approvals()]
        # Nothing, if two comments (of jobs at the same time) say different things.
        if len({tuple((name, each.digest) for name, each in known.approvals().items()) for known in found}) == 1:
            marker = replace(marker, approval=found[0].approval, several=found[0].several)
    shown = text.partition("\n")[2].strip()
    link = f"\n\n[The run]({run})" if RUN.fullmatch(run) else ""
    body = f"{format_marker(marker)}\n{shown}{link}"
    if earlier := _list_earlier(bodies[0], shown) if bodies else []:
        listed = "\n".join(f"- {line}" for line in earlier)
        summary = f"<summary>Earlier: {len(earlier)}</summary>"
        with_history = f"{body}\n\n{HISTORY}\n<details>{summary}\n\n{listed}\n\n</details>"
        body = with_history if len(with_history) <= LONGEST else body
    if len(body) > LONGEST:
        raise WrongUsage(f"the comment has {len(body):,} characters, of which hosts take {LONGEST:,}")
    return body


def _list_earlier(body: str, shown: str) -> list[str]:
    """The earlier titles of a comment, the latest first: its own, if the new text differs, then those that it lists."""
    current, _, history = body.partition(HISTORY)
    listed = [line.removeprefix("- ") for line in history.split("\n") if line.startswith("- ")]
    title = next((line for line in current.split("\n")[1:] if line.strip()), "").strip()
    is_new = bool(title) and current.partition("\n")[2].strip().partition("\n\n[The run]")[0] != shown
    marker = find_marker(current)
    approvals = [*marker.approvals().values()] if marker and marker.command == "plan" else []
    commit = approvals[0].commit if approvals else ""
    head = f"`{commit[:SHORT_COMMIT]}` " if re.match(r"[0-9a-f]{40}", commit) else ""
    lines = [f"{head}{title}", *listed] if is_new else listed
    return [line for line in lines if len(line) <= LONGEST_EARLIER][:MOST_EARLIER]


def _require_one(markers: Sequence[CommentMarker], listed: str, environments: Sequence[str]) -> list[str]:
    """The environments that the comments have plans of. WrongUsage if there are several, and no option names one."""
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


def _find_ours(comments: Iterable[Comment], me: str, configuration: str | None) -> Marked:
    """The comments that `me` wrote, with a mark of that configuration (None: of any), each with its mark."""
    found = ((each, find_marker(each.body)) for each in comments if each.author == me)
    return [(each, marker) for each, marker in found if marker and marker.is_for(configuration)]
