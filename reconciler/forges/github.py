"""GitHub's API: a pull request is an issue there, and its comments are those of the issue.

docs.github.com/en/rest/issues/comments, /en/rest/commits/commits#list-pull-requests-associated-with-a-commit,
/en/graphql/reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from reconciler.api.secret import Secret
from reconciler.api.transport import Transport, connect_to_forge
from reconciler.errors import AnswerUnreadable, Refused
from reconciler.forges.ci import CiRun
from reconciler.forges.client import Comment, ForgeClient

HINTS = {
    401: "GITHUB_TOKEN is not valid any more, or not for this host",
    403: "the job needs `permissions: {pull-requests: write}`; a pull request from a fork gets no token that may write",
    404: "GitHub says so of what the token may not see: the job needs `permissions: {pull-requests: write}`",
}
VIEWER = "query { viewer { login } }"
EDITOR = """query ($id: ID!) { node(id: $id) { ... on IssueComment { lastEditedAt viewerDidAuthor
editor { __typename login } author { __typename login } } } }"""


class GitHub:
    """The pull requests of one repository."""

    def __init__(self, run: CiRun) -> None:
        secret = Secret(run.token, run.source)
        headers = {
            "authorization": f"Bearer {run.token}",
            "accept": "application/vnd.github+json",
            "x-github-api-version": "2022-11-28",
        }
        above, _, self._graphql_path = run.graphql.rpartition("/")
        self._transports: list[Transport] = [
            connect_to_forge(run.api, secret, headers),
            connect_to_forge(above, secret, headers),
        ]
        self._rest, self._graphql = (ForgeClient(transport, HINTS) for transport in self._transports)
        self._repository = f"repos/{run.project}"

    def trace(self, tell: Callable[[str], None] | None) -> None:
        """Tells of each exchange."""
        for transport in self._transports:
            transport.trace = tell

    def close(self) -> None:
        """Closes the connections."""
        for transport in self._transports:
            transport.close()

    def me(self) -> str:
        """The login that the token speaks for: `github-actions[bot]`, `my-app[bot]`, or a person's.

        By GraphQL, since `GET /user` answers 403 to the tokens of apps, which a workflow's is; `viewer` answers to all.
        """
        viewer = self._asked(VIEWER).get("viewer")
        login = viewer.get("login") if isinstance(viewer, dict) else None
        if not isinstance(login, str) or not login:
            raise AnswerUnreadable("GitHub does not say whom the token speaks for")
        return login

    def merged(self, commit: str) -> list[int]:
        """The numbers of the pull requests that were merged with the commit. If one says that the commit is its
        merge (also the last commit of a squash or a rebase), that one alone."""
        found = [
            each for each in self._rest.pages(f"{self._repository}/commits/{commit}/pulls", {}) if each.get("merged_at")
        ]
        exact = [each for each in found if each.get("merge_commit_sha") == commit]
        return [int(each["number"]) for each in exact or found if isinstance(each.get("number"), int)]

    def comments(self, number: int) -> list[Comment]:
        """All comments, ordered by ascending id."""
        items = self._rest.pages(f"{self._repository}/issues/{number}/comments", {})
        return [comment for each in items if (comment := _comment(each)) is not None]

    def create(self, number: int, body: str, before_again: Any) -> None:
        """A new comment. 422 if the body has more than 65,536 characters."""
        path = f"{self._repository}/issues/{number}/comments"
        self._rest.call("POST", path, {"body": body}, before_again=before_again)

    def edit(self, number: int, comment: Comment, body: str) -> None:
        """Another text in a comment's place."""
        self._rest.call("PATCH", f"{self._repository}/issues/comments/{comment.id}", {"body": body})

    def issues(self) -> Iterator[Comment]:
        """The open issues. In GitHub's API pull requests are issues too, and say so
        (docs.github.com/en/rest/issues/issues#list-repository-issues)."""
        items = self._rest.pages(f"{self._repository}/issues", {"state": "open"})
        numbered = ({**each, "id": each.get("number")} for each in items if "pull_request" not in each)
        return (comment for each in numbered if (comment := _comment(each)) is not None)

    def open_issue(self, title: str, body: str, before_again: Any) -> None:
        """A new issue."""
        self._rest.call("POST", f"{self._repository}/issues", {"title": title, "body": body}, before_again=before_again)

    def edit_issue(self, number: int, body: str, *, close: bool) -> None:
        """Another text in an issue's place; `close`: and nothing is left to do."""
        closed = {"state": "closed", "state_reason": "completed"} if close else {}
        self._rest.call("PATCH", f"{self._repository}/issues/{number}", {"body": body, **closed})

    def require_untouched(self, comment: Comment) -> None:
        """Refused if the last to edit the comment was not its author: whoever may write to a repository may edit all
        comments in it. An edit of ours after that one makes it good again."""
        node = self._asked(EDITOR, id=comment.handle).get("node")
        if not isinstance(node, dict) or "editor" not in node:
            raise AnswerUnreadable("GitHub does not say who edited the comment")
        if not node.get("lastEditedAt"):
            return
        if node.get("viewerDidAuthor") is not True or node.get("editor") != node.get("author"):
            editor = node.get("editor")
            who = editor.get("login") if isinstance(editor, dict) else "somebody"
            raise Refused(
                f"the comment with the plan was edited by {who}: what was approved cannot be told from it",
                hint="run the plan's job of the pull request again: it writes the comment anew",
            )

    def _asked(self, query: str, **variables: str) -> dict[str, Any]:
        """The data of a GraphQL query. It answers 200 with `errors` if something is wrong."""
        answer = self._graphql.call("POST", self._graphql_path, {"query": query, "variables": variables})
        data = answer.record().get("data")
        if not isinstance(data, dict):
            raise AnswerUnreadable(f"GitHub's GraphQL API answered {answer.status} without data")
        return data


def _comment(raw: dict[str, Any]) -> Comment | None:
    user, number, body = raw.get("user"), raw.get("id"), raw.get("body")
    login = user.get("login") if isinstance(user, dict) else None
    if not isinstance(number, int) or not isinstance(body, str) or not isinstance(login, str):
        return None
    return Comment(number, body, login, str(raw.get("node_id", "")))
