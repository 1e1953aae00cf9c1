"""The comments and issues of a repository on GitHub or GitLab.

docs.github.com/en/rest/issues/comments, /en/rest/issues/issues#list-repository-issues, /en/graphql/reference,
/en/rest/commits/commits#list-pull-requests-associated-with-a-commit. docs.gitlab.com/api/notes/#merge-requests,
/api/issues/#list-all-project-issues, /api/commits/#list-merge-requests-associated-with-a-commit, /api/users.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from reconciler.api import Secret, Transport
from reconciler.api.transport import connect_to_forge
from reconciler.errors import AnswerUnreadable, Refused
from reconciler.forges.ci import CiRun
from reconciler.forges.client import Comment, ForgeClient
from reconciler.kinds.comparison import get_value

PLAN_AGAIN = "open a pull request and let its plan be reviewed, or apply by hand: `reconciler apply`"
VIEWER = "query { viewer { login } }"
EDITOR = """query ($id: ID!) { node(id: $id) { ... on IssueComment { lastEditedAt viewerDidAuthor
editor { __typename login } author { __typename login } } } }"""
PERMISSION = "the job needs `permissions: {pull-requests: write}`"
NEEDED = "GITLAB_TOKEN is a project access token with the scope api"
GITHUB_HINTS = {
    401: "GITHUB_TOKEN is not valid any more, or not for this host",
    403: f"{PERMISSION}; a pull request from a fork gets no token that may write",
    404: f"GitHub says so of what the token may not see: {PERMISSION}",
}
GITLAB_HINTS = {
    401: f"GITLAB_TOKEN is not valid any more; {NEEDED}",
    403: f"GITLAB_TOKEN may not do this; {NEEDED} and at least the role Reporter",
    404: f"GitLab says so of what the token may not see; {NEEDED} of this project",
}
MOST_ASKED = 100  # commits of a push whose pull requests are looked for, the latest first: one request each
Pairs = tuple[tuple[str, str], ...]


class Forge(ABC):
    """The pull requests and issues of one repository. A subclass says how its API names things."""

    commits: str
    commit_id: str
    merges: str
    notes: str
    note: str  # the paths of the comments of a pull request, and of one of them
    target: tuple[str, ...]  # the way to the branch that a pull request was merged into
    edit_method: str
    open_issues: Pairs
    closed: Pairs
    comments_query: Pairs = ()
    number, text, author = "number", "body", ("user", "login")
    """The fields with the number and the text of an issue, and with the author of a comment."""

    def __init__(self, run: CiRun, project: str, headers: Mapping[str, str], hints: Mapping[int, str]) -> None:
        """`hints`: what to do if the API refuses with a status."""
        self._run = run
        self._project = project
        self._headers, self._hints = headers, hints
        self._transports: list[Transport] = []
        self._client = self._connect(run.api)

    def _connect(self, address: str) -> ForgeClient:
        transport = connect_to_forge(address, Secret(self._run.token, self._run.source), self._headers)
        self._transports.append(transport)
        return ForgeClient(transport, self._hints)

    def close(self) -> None:
        """Closes the connections."""
        for transport in self._transports:
            transport.close()

    @abstractmethod
    def find_author(self) -> str:
        """The user of the token, in the form of `Comment.author`."""

    @abstractmethod
    def find_editor(self, comment: Comment) -> str:
        """Who else edited the comment last; empty if nobody is known to."""

    def find_merged(self) -> list[int]:
        """The numbers of the pull requests that the push merged, that of the commit of the run first.

        If one says that this commit is its merge or its squash (on GitHub also the last commit of a rebase), it is that
        one alone; Refused if it is not clear which one. For each other commit of the push, it is the one into this
        branch that says so.
        """
        run = self._run
        found = self._find_merged_with(run.commit)
        exact = [each for each in found if run.commit in _list_merges(each)] or found
        if len(exact) > 1:
            listed = ", ".join(f"#{each.get(self.number)}" for each in exact)
            raise Refused(f"{run.commit[:12]} came with several pull requests: {listed}", hint=PLAN_AGAIN)
        pushed = [commit for commit in self.list_pushed()[:MOST_ASKED] if commit != run.commit]
        others = (each for commit in pushed for each in self._find_merged_with(commit))
        here = (each for each in others if get_value(each, self.target) == run.branch)
        own = [each for each in here if {*pushed}.intersection(_list_merges(each))]
        numbers = (each.get(self.number) for each in (*exact, *own))
        return list(dict.fromkeys(number for number in numbers if isinstance(number, int)))

    def _find_merged_with(self, commit: str) -> list[dict[str, Any]]:
        """The pull requests of a commit that are merged."""
        found = self._client.read_pages(f"{self._project}/{self.commits}/{commit}/{self.merges}", {})
        return [each for each in found if each.get("merged_at") or each.get("state") == "merged"]

    def list_pushed(self) -> Sequence[str]:
        """The commits of the push, the latest first, as its event lists them; empty if they are not known."""
        return self._run.pushed

    def find_tip(self) -> str:
        """The commit that the branch of the run is at now; empty if the host does not say."""
        answer = self._client.call("GET", f"{self._project}/{self.commits}/{quote(self._run.branch, safe='')}")
        return str(answer.record().get(self.commit_id, ""))

    def list_comments(self, number: int) -> list[Comment]:
        """All comments under a pull request but those that GitLab writes itself, the oldest first."""
        items = self._client.read_pages(self._format_path(self.notes, number), dict(self.comments_query))
        return self._parse_comments([each for each in items if not each.get("system")])

    def create_comment(self, number: int, body: str, before_again: Any) -> None:
        """Writes a new comment. `before_again`: called before each retry, see `Writer.send`."""
        self._client.call("POST", self._format_path(self.notes, number), {"body": body}, before_again=before_again)

    def edit_comment(self, number: int, comment: Comment, body: str) -> None:
        """Replaces the text of a comment."""
        self._client.call(self.edit_method, self._format_path(self.note, number, comment.id), {"body": body})

    def list_issues(self) -> list[Comment]:
        """The open issues, as comments: number, text and author. In GitHub's API pull requests are issues too, and say
        so."""
        items = self._client.read_pages(f"{self._project}/issues", dict(self.open_issues))
        number, text = self.number, self.text
        issues = (each for each in items if "pull_request" not in each)
        return self._parse_comments([{**each, "id": each.get(number), "body": each.get(text)} for each in issues])

    def open_issue(self, title: str, body: str, before_again: Any) -> None:
        """Opens a new issue. `before_again`: called before each retry, see `Writer.send`."""
        issue = {"title": title, self.text: body}
        self._client.call("POST", f"{self._project}/issues", issue, before_again=before_again)

    def edit_issue(self, number: int, body: str, *, close: bool) -> None:
        """Replaces the text of an issue. `close`: also closes it."""
        change = {self.text: body, **dict(self.closed if close else ())}
        self._client.call(self.edit_method, f"{self._project}/issues/{number}", change)

    def _format_path(self, form: str, number: int, comment_id: int = 0) -> str:
        return f"{self._project}/{form.format(number=number, comment=comment_id)}"

    def _parse_comments(self, items: list[dict[str, Any]]) -> list[Comment]:
        """The items that have a number, a text and an author."""
        comments = []
        for raw in items:
            who, number, body = get_value(raw, self.author), raw.get("id"), raw.get("body")
            if isinstance(number, int) and isinstance(body, str) and isinstance(who, int | str):
                # Hosts may give a text back with other line ends.
                text = body.replace("\r\n", "\n")
                comments.append(Comment(number, text, str(who), str(raw.get("node_id", ""))))
        return comments


def _list_merges(pull: Mapping[str, Any]) -> Iterator[object]:
    """The commits that a pull request became when it was merged. GitLab: `sha` is that of a fast-forward merge."""
    merges = pull.get("merge_commit_sha"), pull.get("squash_commit_sha")
    return filter(None, merges if any(merges) else (pull.get("sha"),))


class GitHub(Forge):
    """A pull request is an issue there, and its comments are those of the issue: of at most 65,536 characters."""

    commits, merges, target = "commits", "pulls", ("base", "ref")
    notes, note = "issues/{number}/comments", "issues/comments/{comment}"
    edit_method, commit_id = "PATCH", "sha"
    open_issues = (("state", "open"),)
    closed = (("state", "closed"), ("state_reason", "completed"))

    def __init__(self, run: CiRun) -> None:
        headers = {"accept": "application/vnd.github+json", "x-github-api-version": "2022-11-28"}
        headers["authorization"] = f"Bearer {run.token}"
        super().__init__(run, f"repos/{run.project}", headers, GITHUB_HINTS)
        above, _, self._graphql_path = run.graphql.rpartition("/")
        self._graphql = self._connect(above)

    def find_author(self) -> str:
        """The login that the token speaks for: `github-actions[bot]`, `my-app[bot]`, or a person's.

        By GraphQL, since `GET /user` answers 403 to the tokens of apps, which a workflow's is; `viewer` answers to all.
        """
        login = get_value(self._query(VIEWER), ("viewer", "login"))
        if not isinstance(login, str) or not login:
            raise AnswerUnreadable("GitHub does not say whom the token speaks for")
        return login

    def find_editor(self, comment: Comment) -> str:
        """Who else edited the comment last: whoever may write to a repository may edit its comments. GitHub names only
        the last editor, so a later edit of ours hides an earlier one of others."""
        node = self._query(EDITOR, id=comment.handle).get("node")
        if not isinstance(node, dict) or "editor" not in node:
            raise AnswerUnreadable("GitHub does not say who edited the comment")
        is_ours = node.get("viewerDidAuthor") is True and node["editor"] == node.get("author")
        if is_ours or not node.get("lastEditedAt"):
            return ""
        return str(get_value(node, ("editor", "login")) or "somebody")

    def _query(self, query: str, **variables: str) -> dict[str, Any]:
        """The data of a GraphQL query. It answers 200 with `errors` if something is wrong."""
        answer = self._graphql.call("POST", self._graphql_path, {"query": query, "variables": variables})
        data = answer.record().get("data")
        if not isinstance(data, dict):
            raise AnswerUnreadable(f"GitHub's GraphQL API answered {answer.status} without data")
        return data


class GitLab(Forge):
    """A pull request is a merge request there, and its comments are notes: of at most 1,000,000 characters."""

    commits, merges, target = "repository/commits", "merge_requests", ("target_branch",)
    notes, note = "merge_requests/{number}/notes", "merge_requests/{number}/notes/{comment}"
    edit_method, commit_id = "PUT", "id"
    open_issues = (("state", "opened"), ("scope", "all"))
    closed = (("state_event", "close"),)
    comments_query = (("sort", "asc"), ("order_by", "created_at"))
    number, text, author = "iid", "description", ("author", "id")

    def __init__(self, run: CiRun) -> None:
        headers = {"private-token": run.token, "accept": "application/json"}
        super().__init__(run, f"projects/{run.project}", headers, GITLAB_HINTS)

    def find_author(self) -> str:
        """The number of the user that the token speaks for; a project's or group's token has a user of its own."""
        number = self._client.call("GET", "user").record().get("id")
        if not isinstance(number, int):
            raise AnswerUnreadable("GitLab does not say whom the token speaks for")
        return str(number)

    def list_pushed(self) -> Sequence[str]:
        """The commits between the one before the push and that of the run."""
        if not self._run.before:
            return ()
        between = {"ref_name": f"{self._run.before}..{self._run.commit}"}
        return [str(each.get("id")) for each in self._client.read_pages(f"{self._project}/{self.commits}", between)]

    def find_editor(self, comment: Comment) -> str:
        """Nobody: the API does not say who edited a note. Maintainers may, beside its author."""
        return ""
