"""The facts of `doctor`: what reads alone show of the API, and what only a probe can ask."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from reconciler.api import Reader, Transport
from reconciler.api.lists import LIMIT, Item, read_list, read_table
from reconciler.api.rate_limiter import RETRIED, TOO_MANY
from reconciler.api.response import NOT_FOUND, Response
from reconciler.config.schema_problems import find_violations
from reconciler.errors import AnswerRefused, NotAuthorised, ReconcilerError, Unreachable
from reconciler.kinds import Kind, Pages
from reconciler.kinds.facts import NOBODY, Claims, find_claims, list_questions, make_facts
from reconciler.kinds.wire import make_object_path
from reconciler.model.results import Fact

TYPES, ERROR = ("request", "resource", "logical", "internal"), {"type", "code", "message"}
PAGE = 20
"""The records of a page that is asked for without a limit, as the vendor's pages say."""


class RecordingReader(Reader):
    """Keeps what the API answered, by path: items, error, status, seconds. `skew`: the seconds that our clock is ahead
    of the API's, by its `Date`."""

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport)
        self.items, self.errors, self.answers = dict[str, list[Item]](), dict[str, ReconcilerError](), list[Response]()
        self.statuses, self.seconds, self.skew = dict[str, int](), dict[str, float](), 0.0

    def _once(self, method: str, path: str, **rest: Any) -> Response:
        answer = super()._once(method, path, **rest)
        self.statuses[path] = answer.status
        self.answers.append(answer)
        with suppress(ValueError, TypeError):
            self.skew = (datetime.now(UTC) - parsedate_to_datetime(answer.headers.get("date", ""))).total_seconds()
        return answer

    def ask(self, path: str, query: Mapping[str, str | int] | None = None) -> Response | None:
        """The answer if it tells something of the API, whatever its status."""
        with suppress(ReconcilerError):
            answer = self._exchange("GET", path, idempotent=True, query=query)
            # Such a status tells that the API is busy, and nothing of what it does with the request.
            return None if answer.status in RETRIED else answer
        return None

    def read(self, path: str, style: str = "") -> None:
        """Reads a list in the style of a kind's, or as a table."""
        began = time.monotonic()
        try:
            self.items[path] = read_list(self, path, style) if style else read_table(self, path)
        except ReconcilerError as error:
            self.errors[path] = error
        self.seconds[path] = time.monotonic() - began


def find_facts(kind: Kind, watch: RecordingReader) -> Iterator[Fact]:
    """All facts of a kind. Those that only a probe can tell are unknown."""
    error, rows = watch.errors.get(kind.endpoints.path), watch.items.get(kind.endpoints.path, [])
    is_unclear = isinstance(error, (NotAuthorised, AnswerRefused, Unreachable))
    asked = ((text, None) for text in list_questions(kind).values())
    whole = ("the list can be read whole", None if is_unclear else [error] if error else [])
    seen = () if error else _find_object_claims(kind, watch, rows)
    # What was read takes the place of a question with the same words.
    claims = [*asked, whole, *seen, *find_claims(kind, rows, watch.items, find_violations)]
    yield from {each.text: each for each in make_facts(kind.section, claims)}.values()


def _find_object_claims(kind: Kind, watch: RecordingReader, rows: Sequence[Item]) -> Claims:
    yield from _find_page_claims(kind, watch, rows)
    path, is_readable = kind.endpoints.path, kind.endpoints.readable
    answer = watch.ask(make_object_path(kind, rows[0]["id"])) if rows else None
    item = answer.fields() if answer and answer.ok else {}
    lacks = sorted(rows[0].keys() - item.keys()) if item else [answer and answer.status]
    text = f"GET by an id {'shows the record' if is_readable else 'does not exist'}"
    yield text, (lacks if is_readable else [*item][:1]) if answer else None
    if is_readable and (missing := watch.ask(f"{path}/{NOBODY}")):
        yield "an id that nobody has answers 404", {missing.status} - {NOT_FOUND}
    for name, each in kind.sub_endpoints:
        if item and not each.words:
            yield list_questions(kind)[f"{name} by id"], [name] * ((name in item) is not each.by_id)
        if each.terminal and any(row.get(name) == each.terminal for row in rows):
            yield list_questions(kind)[f"{name} ended"], ()


def _find_page_claims(kind: Kind, watch: RecordingReader, rows: Sequence[Item]) -> Claims:
    path, pages = kind.endpoints.path, kind.endpoints.pages
    bodies = [each.fields() for each in watch.answers if each.path == path and each.ok]
    yield "the list says `object: list`", {str(each.get("object")) for each in bodies} - {"list"}
    yield "the list has its path in `url`", {str(each.get("url")) for each in bodies} - {f"/v4{path}"}
    if pages is Pages.WHOLE:
        return
    if pages is Pages.CURSOR:
        cursors = [each.get("next_cursor") for each in bodies if not each.get("has_more")]
        yield "next_cursor is there only while has_more is true", filter(None, cursors)
    first = watch.ask(path) if rows[PAGE:] else None
    size = len(first.fields().get("data") or ()) if first else PAGE
    yield f"a page has {PAGE} without a limit", [size] * (size != PAGE) if first else None
    after = "offset" if pages is Pages.OFFSET else "starting_after"
    page = watch.ask(path, {"limit": 1, after: 1 if after == "offset" else rows[0]["id"]}) if rows[1:] else None
    failing = [page.status] * (page.fields().get("data") != rows[1:2]) if page else None
    yield f"limit and {after} give the next object", failing
    beyond = watch.ask(path, {"limit": LIMIT + 1})
    yield f"a limit above {LIMIT} is refused (unsure)", [beyond.status] * beyond.ok if beyond else None


def find_answer_claims(answers: Sequence[Response]) -> Claims:
    """The claims about answers of every path. None stands for: no answer tells."""
    media = {each.headers.get("content-type", "none") for each in answers if each.content}
    yield "an answer is JSON", [each for each in media if not each.startswith("application/json")]
    waits = ["retry-after" in each.headers for each in answers if each.status == TOO_MANY]
    yield "a 429 has Retry-After", ["none"] * (not all(waits)) if waits else None
    yield "no answer has an ETag", [each.path for each in answers if "etag" in each.headers]
    found = [(each.status, each.fields().get("error")) for each in answers if not each.ok]
    errors = [(status, error if isinstance(error, dict) else {}) for status, error in found]
    absent, types = [each for at, each in errors if at == NOT_FOUND], {str(each.get("type")) for _, each in errors}
    codes = {str(each.get("code")) for each in absent}
    yield "an error has type, code and message", {k for _, each in errors for k in ERROR - {*each}} if errors else None
    yield f"the type of an error is one of {', '.join(TYPES)}", types - {*TYPES} if errors else None
    yield "the code of a 404 is not_found", codes - {"not_found"} if absent else None
    yield "a 404 has no details", [each["details"] for each in absent if "details" in each] if absent else None
