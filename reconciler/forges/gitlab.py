"""GitLab's API: the notes of a merge request.

docs.gitlab.com/api/notes/#merge-requests, /api/commits/#list-merge-requests-associated-with-a-commit, /api/users.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from reconciler.api.secret import Secret
from reconciler.api.transport import connect_to_forge
from reconciler.errors import AnswerUnreadable
from reconciler.forges.ci import CiRun
from reconciler.forges.client import Comment, ForgeClient

TOKEN = "GITLAB_TOKEN is a project access token with the scope api"  # noqa: S105 - words about one
HINTS = {
    401: f"GITLAB_TOKEN is not valid any more; {TOKEN}",
    403: f"GITLAB_TOKEN may not do this; {TOKEN} and at least the role Reporter",
    404: f"GitLab says so of what the token may not see; {TOKEN} of this project",
}


class GitLab:
    """The merge requests of one project."""

    def __init__(self, run: CiRun) -> None:
        headers = {"private-token": run.token, "accept": "application/json"}
        self._transport = connect_to_forge(run.api, Secret(run.token, run.source), headers)
        self._client = ForgeClient(self._transport, HINTS)
        self._project = f"projects/{run.project}"

    def trace(self, tell: Callable[[str], None] | None) -> None:
        """Tells of each exchange."""
        self._transport.trace = tell

    def close(self) -> None:
        """Closes the connections."""
        self._transport.close()

    def me(self) -> str:
        """The number of the user that the token speaks for; a project's or group's token has a user of its own."""
        number = self._client.call("GET", "user").record().get("id")
        if not isinstance(number, int):
            raise AnswerUnreadable("GitLab does not say whom the token speaks for")
        return str(number)

    def merged(self, commit: str) -> list[int]:
        """The numbers of the merge requests that were merged with the commit. If one says that the commit is its
        merge or its squash, that one alone."""
        path = f"{self._project}/repository/commits/{commit}/merge_requests"
        found = [each for each in self._client.pages(path, {}) if each.get("state") == "merged"]
        exact = [each for each in found if commit in (each.get("merge_commit_sha"), each.get("squash_commit_sha"))]
        return [int(each["iid"]) for each in exact or found if isinstance(each.get("iid"), int)]

    def comments(self, number: int) -> list[Comment]:
        """All notes but those that GitLab writes itself, the oldest first."""
        query = {"sort": "asc", "order_by": "created_at"}
        items = self._client.pages(f"{self._project}/merge_requests/{number}/notes", query)
        return [comment for each in items if not each.get("system") and (comment := _comment(each)) is not None]

    def create(self, number: int, body: str, before_again: Any) -> None:
        """A new note. 400 if the body has more than 1,000,000 characters."""
        path = f"{self._project}/merge_requests/{number}/notes"
        self._client.call("POST", path, {"body": body}, before_again=before_again)

    def edit(self, number: int, comment: Comment, body: str) -> None:
        """Another text in a note's place."""
        self._client.call("PUT", f"{self._project}/merge_requests/{number}/notes/{comment.id}", {"body": body})

    def issues(self) -> Iterator[Comment]:
        """The open issues (docs.gitlab.com/api/issues/#list-all-project-issues)."""
        items = self._client.pages(f"{self._project}/issues", {"state": "opened", "scope": "all"})
        numbered = ({**each, "id": each.get("iid"), "body": each.get("description")} for each in items)
        return (comment for each in numbered if (comment := _comment(each)) is not None)

    def open_issue(self, title: str, body: str, before_again: Any) -> None:
        """A new issue."""
        issue = {"title": title, "description": body}
        self._client.call("POST", f"{self._project}/issues", issue, before_again=before_again)

    def edit_issue(self, number: int, body: str, *, close: bool) -> None:
        """Another text in an issue's place; `close`: and nothing is left to do."""
        closed = {"state_event": "close"} if close else {}
        self._client.call("PUT", f"{self._project}/issues/{number}", {"description": body, **closed})

    def require_untouched(self, comment: Comment) -> None:
        """Nothing: the API does not say who edited a note. Maintainers may, beside its author."""


def _comment(raw: dict[str, Any]) -> Comment | None:
    author, number, body = raw.get("author"), raw.get("id"), raw.get("body")
    who = author.get("id") if isinstance(author, dict) else None
    if not isinstance(number, int) or not isinstance(body, str) or not isinstance(who, int):
        return None
    return Comment(number, body, str(who))
