"""Reads lists whole, or not at all: an object that is missing from a list would be taken for deleted.

There are three styles of pagination. A list that changes while it is read is read again from the start. If it does not
come to rest, the result is ListIncomplete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import quote

from reconciler.api.client import Reader
from reconciler.api.response import NOT_FOUND, Response, shorten
from reconciler.errors import AnswerRefused, AnswerUnreadable, ListIncomplete

LIMIT = 100  # Items of a page: the most that the API allows.
ATTEMPTS = 3  # A list that changes during three reads in a row is in steady use.
MOST_PAGES = 10_000
"""A million objects: a server that always says that there is more must not keep a plan busy for ever."""
MOST_AHEAD = 16  # Pages that are requested at once, as far as the run's rate limit lets them go.
RESTARTED = "x-qon-pagination-restarted"
PLAN_AGAIN = "nothing was concluded from it; try again when nobody else changes the project"

Item = dict[str, Any]


class _Unsteady(Exception):
    """The list changed while it was read; the text says how that was noticed."""


def read_list(reader: Reader, path: str, style: str, expected: int = 0) -> list[Item]:
    """A list of objects, each once. `style`: `whole` comes in one page; `offset` in pages by `limit` and `offset`;
    `cursor` in pages by `limit` and `starting_after`. `expected`: about how many objects there are; pages by offset are
    requested at once up to that number."""
    if style == "whole":
        return list({_require_id(item, path): item for item in read_table(reader, path, ends=None)}.values())
    if style == "cursor":
        return _read_steady(path, lambda: _read_by_cursor(reader, path))
    offsets = range(0, max(1, expected - 1), LIMIT - 1)  # Pages overlap by one item, see `_read_by_offset`.
    if len(offsets) == 1:
        return _read_steady(path, lambda: _read_by_offset(reader, path, {}))
    with reader.threads(min(len(offsets), MOST_AHEAD)) as pool:
        ask = partial(_read_page, reader, path)
        return _read_steady(path, lambda: _read_by_offset(reader, path, {at: pool.submit(ask, at) for at in offsets}))


def read_table(reader: Reader, path: str, *, ends: bool | None = True) -> list[Item]:
    """A list that is one page, such as the catalogue (documented without `has_more`) and the destinations, whose items
    have no ids. `ends`: as in `_parse_page`."""
    page = _parse_page(reader.get(path), path, ends=ends)
    if page.more:
        raise ListIncomplete(f"GET {path} says that there is more, and documents no way to read on", hint=PLAN_AGAIN)
    return page.items


def read_object(reader: Reader, path: str, object_id: str) -> Item | None:
    """The object with that id below `path`, None if there is none (404). AnswerUnreadable if it is another object."""
    try:
        item = reader.get(f"{path}/{quote(object_id, safe='')}").record()
    except AnswerRefused as refused:
        if refused.status == NOT_FOUND:
            return None
        raise
    if _require_id(item, f"{path}/{object_id}") != object_id:
        raise AnswerUnreadable(f"GET {path}/{object_id} answered with another object: {shorten(item['id'])}")
    return item


class _Page(NamedTuple):
    items: list[Item]
    more: bool
    cursor: str | None


def _read_steady(path: str, read: Callable[[], Iterator[_Page]]) -> list[Item]:
    how = ""
    for _ in range(ATTEMPTS):
        try:
            return list(_collect_objects(path, read()).values())
        except _Unsteady as unsteady:
            how = str(unsteady)
    raise ListIncomplete(f"GET {path} could not be read whole in {ATTEMPTS} attempts: {how}", hint=PLAN_AGAIN)


def _collect_objects(path: str, pages: Iterator[_Page]) -> dict[str, Item]:
    """An object that is twice on a page is one object; one of an earlier page shows that the pages shifted."""
    found: dict[str, Item] = {}
    for page in islice(pages, MOST_PAGES):
        items = {_require_id(item, path): item for item in page.items}
        again = next((object_id for object_id in items if object_id in found), None)
        if again is not None:
            raise _Unsteady(f"{again} came twice")
        found.update(items)
        if not page.more:
            return found
        if not items:
            raise _Unsteady("a page without items says that there is more")
    raise ListIncomplete(f"GET {path} did not end within {MOST_PAGES} pages", hint=PLAN_AGAIN)


def _read_by_offset(reader: Reader, path: str, ahead: dict[int, Future[_Page]]) -> Iterator[_Page]:
    """Pages that overlap by one item: each must begin with the last item of the page before. The API gives neither a
    total nor a cursor for such a list, and its pages shift if something is added or removed meanwhile: the object at
    the border would then be in no page, or in two. The overlap shows that, in whatever order the pages were read."""
    offset, last = 0, ""
    while True:
        page = ahead.pop(offset).result() if offset in ahead else _read_page(reader, path, offset)
        if last:
            if not page.items or _require_id(page.items[0], path) != last:
                raise _Unsteady(f"the page at offset {offset} does not go on where the one before ended")
            del page.items[0]
        yield page
        offset, last = offset + len(page.items) - (not last), page.items[-1]["id"]


def _read_page(reader: Reader, path: str, offset: int) -> _Page:
    return _parse_page(reader.get(path, {"limit": LIMIT, "offset": offset}), path)


def _read_by_cursor(reader: Reader, path: str) -> Iterator[_Page]:
    """On a stale cursor the API begins again from the top, and says so in a header; that, and a cursor that comes
    twice, counts as a change of the list."""
    query: dict[str, str | int] = {"limit": LIMIT}
    cursors: set[str] = set()
    while True:
        answer = reader.get(path, query)
        if cursors and answer.headers.get(RESTARTED, "").lower() == "true":
            raise _Unsteady("the cursor went stale and the server began again from the top")
        page = _parse_page(answer, path)
        yield page
        cursor = page.cursor or page.items[-1]["id"]
        if cursor in cursors:
            raise _Unsteady(f"the cursor {cursor} came twice")
        cursors.add(cursor)
        query["starting_after"] = cursor


def _parse_page(answer: Response, path: str, *, ends: bool | None = None) -> _Page:
    """A page of a list. `ends`: whether a page without `has_more` is the last one; None if it must have that."""
    body = answer.record()
    items, cursor = body.get("data"), body.get("next_cursor")
    if ends is None and body.get("object") not in (None, "list"):
        raise AnswerUnreadable(f"GET {path} answered with a record of {shorten(body['object'])}; expected a list")
    more = body.get("has_more", None if ends is None else not ends)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise AnswerUnreadable(f"GET {path} answered without a list of objects in `data`")
    if not isinstance(more, bool):
        raise ListIncomplete(f"GET {path} does not say in `has_more` whether the list ends here", hint=PLAN_AGAIN)
    return _Page(items, more, cursor if isinstance(cursor, str) and cursor else None)


def _require_id(item: Item, path: str) -> str:
    object_id = item.get("id")
    if not isinstance(object_id, str) or not object_id:
        raise AnswerUnreadable(f"GET {path} answered with an object without an id")
    return object_id
