"""GitHub as its documents say (docs.github.com/en/rest/issues/comments, /rest/commits/commits, /graphql)."""

from __future__ import annotations

import re
from typing import Any

from .server import Asked, Forge, Json, Told, page_of

TOKEN = "ghs_workflow"
BOT = "github-actions[bot]"
LONGEST = 65_536
DOCUMENTS = "https://docs.github.com/rest"


class GitHub(Forge):
    """One repository, `acme/config`, with pull requests; the token is a workflow's."""

    def __init__(self) -> None:
        super().__init__()
        self.comments: dict[int, list[Json]] = {7: []}
        self.pulls: dict[str, list[Json]] = {}
        self.issues: list[Json] = []
        self.tips: dict[str, str] = {}
        self.read_only = False
        self.no_issues = False
        self._next = 1000

    def environment(self, **more: str) -> dict[str, str]:
        """The variables of a runner."""
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.url,
            "GITHUB_GRAPHQL_URL": f"{self.url}/graphql",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "acme/config",
            "GITHUB_RUN_ID": "42",
            "GITHUB_SHA": "c" * 40,
            "GITHUB_REF": "refs/pull/7/merge",
            "GITHUB_TOKEN": TOKEN,
            **more,
        }

    def merge(self, number: int, commit: str, **fields: Any) -> None:
        """A pull request becomes part of the main branch with that commit."""
        merged = {"number": number, "merged_at": "2026-01-01T00:00:00Z", "merge_commit_sha": commit}
        merged |= {"base": {"ref": "main"}, **fields}
        self.pulls.setdefault(commit, []).append(merged)

    def say(self, body: str, login: str = "somebody", number: int = 7) -> Json:
        """Somebody writes a comment."""
        self._next += 1
        comment = {
            "id": self._next,
            "node_id": f"IC_{self._next}",
            "body": body,
            "user": {"login": login, "type": "Bot" if login.endswith("[bot]") else "User"},
            "performed_via_github_app": None,
        }
        self.comments[number].append(comment)
        return comment

    def edit(self, comment: Json, body: str, login: str) -> None:
        """Somebody edits a comment: whoever may write to the repository may."""
        comment |= {"body": body, "_editor": login}

    def ours(self, number: int = 7) -> list[str]:
        """The bodies of the bot's comments."""
        return [str(each["body"]) for each in self.comments[number] if each["user"]["login"] == BOT]

    def answer(self, asked: Asked) -> Told:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return _error(401, "Bad credentials")
        return self._graphql(asked) if asked.path == "/graphql" else self._rest(asked)

    def _rest(self, asked: Asked) -> Told:
        if found := re.fullmatch(r"/repos/acme/config/issues/(\d+)/comments", asked.path):
            return self._comments(asked, int(found[1]))
        if found := re.fullmatch(r"/repos/acme/config/issues/comments/(\d+)", asked.path):
            return self._comment(asked, int(found[1]))
        if found := re.fullmatch(r"/repos/acme/config/issues(?:/(\d+))?", asked.path):
            return self._issues(asked, int(found[1] or 0))
        if found := re.fullmatch(r"/repos/acme/config/commits/([0-9a-f]+)/pulls", asked.path):
            return self._page(asked, self.pulls.get(found[1], []))
        if found := re.fullmatch(r"/repos/acme/config/commits/(\w+)", asked.path):
            return Told(200, {"sha": self.tips[found[1]]})
        return (
            _error(403, "Resource not accessible by integration") if asked.path == "/user" else _error(404, "Not Found")
        )

    def _comments(self, asked: Asked, number: int) -> Told:
        if number not in self.comments:
            return _error(404, "Not Found")
        if asked.method == "GET":
            return self._page(asked, self.comments[number])
        return self._refused(asked) or Told(201, _public(self.say(asked.body["body"], BOT, number)))

    def _comment(self, asked: Asked, number: int) -> Told:
        comment = next((each for listed in self.comments.values() for each in listed if each["id"] == number), None)
        if comment is None:
            return _error(404, "Not Found")
        if refused := self._refused(asked):
            return refused
        self.edit(comment, asked.body["body"], BOT)
        return Told(200, _public(comment))

    def _issues(self, asked: Asked, number: int) -> Told:
        """Pull requests are among them."""
        if asked.method == "GET":
            pull = {"number": 7, "body": "", "user": {"login": BOT}, "state": "open", "pull_request": {"url": "x"}}
            return self._page(asked, [pull, *(each for each in self.issues if each["state"] == asked.query["state"])])
        if self.no_issues:
            return _error(403, "Resource not accessible by integration")
        if asked.method == "POST":
            self.issues.append(
                {"number": 100 + len(self.issues), "user": {"login": BOT}, "state": "open", **asked.body}
            )
            return Told(201, self.issues[-1])
        (issue,) = (each for each in self.issues if each["number"] == number)
        issue |= asked.body
        return Told(200, issue)

    def _refused(self, asked: Asked) -> Told | None:
        if self.read_only:
            return _error(403, "Resource not accessible by integration")
        if len(asked.body["body"]) > LONGEST:
            message = f"Body is too long (maximum is {LONGEST} characters)"
            error = {"resource": "IssueComment", "code": "unprocessable", "field": "data", "message": message}
            return Told(422, {"message": "Validation Failed", "errors": [error], "documentation_url": DOCUMENTS})
        return None

    def _page(self, asked: Asked, items: list[Json]) -> Told:
        listed, page, last = page_of(items, asked, 30)
        near = {"prev": page - 1, "next": page + 1, "first": 1, "last": last}
        links = [
            f'<{self.url}{asked.path}?per_page={asked.query.get("per_page", 30)}&page={number}>; rel="{rel}"'
            for rel, number in near.items()
            if 1 <= number <= last and number != page
        ]
        return Told(200, [_public(each) for each in listed], {"Link": ", ".join(links)} if links else {})

    def _graphql(self, asked: Asked) -> Told:
        if "viewer { login }" in asked.body["query"]:
            return Told(200, {"data": {"viewer": {"login": BOT}}})
        handle = asked.body["variables"]["id"]
        found = [each for listed in self.comments.values() for each in listed if each["node_id"] == handle]
        if not found:
            error = {"type": "NOT_FOUND", "message": f"Could not resolve to a node with the global id of '{handle}'"}
            return Told(200, {"data": {"node": None}, "errors": [error]})
        editor = found[0].get("_editor")
        node = {
            "lastEditedAt": "2026-01-01T00:00:00Z" if editor else None,
            "viewerDidAuthor": found[0]["user"]["login"] == BOT,
            "editor": _actor(editor) if editor else None,
            "author": _actor(found[0]["user"]["login"]),
        }
        return Told(200, {"data": {"node": node}})


def _actor(login: str) -> Json:
    """GraphQL names an app without the `[bot]` that REST has."""
    kind = "Bot" if login.endswith("[bot]") else "User"
    return {"__typename": kind, "login": login.removesuffix("[bot]")}


def _public(item: Json) -> Json:
    return {name: value for name, value in item.items() if not name.startswith("_")}


def _error(status: int, message: str) -> Told:
    return Told(status, {"message": message, "documentation_url": DOCUMENTS, "status": str(status)})
