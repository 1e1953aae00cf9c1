"""GitLab as its documents say (docs.gitlab.com/api/notes, /api/commits, /api/users, /api/rest)."""

from __future__ import annotations

import re
from typing import Any

from .server import Asked, Forge, Json, Told, page_of

TOKEN = "glpat-project"
BOT = 99
LONGEST = 1_000_000


class GitLab(Forge):
    """One project, 55, with merge requests; the token is the project's, whose user is 99."""

    def __init__(self) -> None:
        super().__init__()
        self.comments: dict[int, list[Json]] = {7: []}
        self.requests: dict[str, list[Json]] = {}
        self.issues: list[Json] = []
        self.ranges: dict[str, list[str]] = {}
        self._next = 1000

    def environment(self, **more: str) -> dict[str, str]:
        """The variables of a runner."""
        return {
            "GITLAB_CI": "true",
            "CI_API_V4_URL": f"{self.url}/api/v4",
            "CI_PROJECT_ID": "55",
            "CI_MERGE_REQUEST_IID": "7",
            "CI_COMMIT_SHA": "c" * 40,
            "CI_JOB_URL": "https://gitlab.com/acme/config/-/jobs/42",
            "GITLAB_TOKEN": TOKEN,
            **more,
        }

    def merge(self, number: int, commit: str, **fields: Any) -> None:
        """A merge request becomes part of the main branch with that commit."""
        merged = {"iid": number, "state": "merged", "merge_commit_sha": commit, "squash_commit_sha": None}
        merged |= {"target_branch": "main", **fields}
        self.requests.setdefault(commit, []).append(merged)

    def say(self, body: str, author: int = 3, number: int = 7, *, system: bool = False) -> Json:
        """Somebody writes a note, or GitLab does."""
        self._next += 1
        note = {"id": self._next, "body": body, "author": {"id": author, "username": f"user{author}"}, "system": system}
        self.comments[number].append(note)
        return note

    def ours(self, number: int = 7) -> list[str]:
        """The bodies of the token's user's notes."""
        return [str(each["body"]) for each in self.comments[number] if each["author"]["id"] == BOT]

    def answer(self, asked: Asked) -> Told:
        if asked.headers.get("private-token") != TOKEN:
            return Told(401, {"message": "401 Unauthorized"})
        if asked.path == "/api/v4/user":
            return Told(200, {"id": BOT, "username": "project_55_bot", "bot": True})
        return self._of_project(asked)

    def _of_project(self, asked: Asked) -> Told:
        if found := re.fullmatch(r"/api/v4/projects/55/merge_requests/(\d+)/notes", asked.path):
            return self._notes(asked, int(found[1]))
        if found := re.fullmatch(r"/api/v4/projects/55/merge_requests/(\d+)/notes/(\d+)", asked.path):
            return self._note(asked, int(found[1]), int(found[2]))
        if found := re.fullmatch(r"/api/v4/projects/55/issues(?:/(\d+))?", asked.path):
            return self._issues(asked, int(found[1] or 0))
        if found := re.fullmatch(r"/api/v4/projects/55/repository/commits/([0-9a-f]+)/merge_requests", asked.path):
            return self._page(asked, self.requests.get(found[1], []))
        if asked.path == "/api/v4/projects/55/repository/commits":
            return self._page(asked, [{"id": each} for each in self.ranges.get(asked.query["ref_name"], [])])
        return Told(404, {"message": "404 Project Not Found"})

    def _notes(self, asked: Asked, number: int) -> Told:
        if number not in self.comments:
            return Told(404, {"message": "404 Not found"})
        if asked.method == "GET":
            latest_first = asked.query.get("sort", "desc") == "desc"
            return self._page(asked, self.comments[number][:: -1 if latest_first else 1])
        return _refused(asked) or Told(201, self.say(asked.body["body"], BOT, number))

    def _note(self, asked: Asked, number: int, note: int) -> Told:
        found = [each for each in self.comments.get(number, []) if each["id"] == note]
        if not found:
            return Told(404, {"message": "404 Not found"})
        if refused := _refused(asked):
            return refused
        found[0]["body"] = asked.body["body"]
        return Told(200, found[0])

    def _issues(self, asked: Asked, number: int) -> Told:
        if asked.method == "GET":
            return self._page(asked, [each for each in self.issues if each["state"] == asked.query["state"]])
        if asked.method == "POST":
            issue = {"id": 9000, "iid": 100 + len(self.issues), "author": {"id": BOT}, "state": "opened", **asked.body}
            self.issues.append(issue)
            return Told(201, issue)
        (issue,) = (each for each in self.issues if each["iid"] == number)
        issue |= asked.body
        if issue.pop("state_event", None) == "close":
            issue["state"] = "closed"
        return Told(200, issue)

    def _page(self, asked: Asked, items: list[Json]) -> Told:
        listed, page, last = page_of(items, asked, 20)
        following = str(page + 1) if page < last else ""
        headers = {
            "X-Page": str(page),
            "X-Next-Page": following,
            "X-Total-Pages": str(last),
            "X-Total": str(len(items)),
        }
        return Told(200, listed, headers)


def _refused(asked: Asked) -> Told | None:
    if len(asked.body["body"]) > LONGEST:
        return Told(400, {"message": {"note": [f"is too long (maximum is {LONGEST} characters)"]}})
    return None
