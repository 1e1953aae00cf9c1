"""Faults of every word of the grammar, at random: what the tool must come through."""

from __future__ import annotations

import random
from collections.abc import Callable

WRITES = (
    "POST /*",
    "POST /integrations",
    "POST /scheduled-reports",
    "POST /automations",
    "POST /integrations/*",
    "PUT /*",
    "PATCH /*",
    "DELETE /*",
)
READS = ("GET /*", "GET /integrations", "GET /scheduled-reports", "GET /automations", "GET /scheduled-reports/*")
ASKED_BY_ID = ("GET /scheduled-reports", "GET /automations")
"""The lists of what can be asked for by its id, too."""
ANY = ("* /*", *READS, *WRITES)
CHANGES = ("PUT /*", "PATCH /*", *READS, "POST /automations", "POST /scheduled-reports", "POST /integrations")
RETRY_AFTER = (
    "",
    ', header="Retry-After: 0"',
    ', header="Retry-After: 2"',
    ', header="Retry-After: Wed, 21 Oct 2015 07:28:00 GMT"',
    ', header="Retry-After: soon"',
)
LIES = ('""', '"<html>"', '"{}"', '"[]"', '"null"', '\'{"error": {"code": "x", "message": "y"}}\'')
EMPTY = '{"object": "list", "data": [], "has_more": false}'
MOST_HIDDEN = 3
"""Readings of one list while what is new may be missing from it: whoever looks for it looks four times."""

Luck = random.Random  # noqa: S311 - the luck of a test, by its seed


def _which(luck: Luck) -> str:
    ways = {"n": (1, 6), "every": (2, 5), "times": (1, 4)}
    way = luck.choice(["chance", *ways])
    return f"{way}={luck.choice([0.1, 0.2, 0.4]) if way == 'chance' else luck.randint(*ways[way])}"


def _status(luck: Luck) -> str:
    code, when = luck.choice([408, 500, 502, 503, 504]), luck.choice(["before", "after"])
    return f"{luck.choice(ANY)}: status {code} {when}{luck.choice(RETRY_AFTER)}, {_which(luck)}"


def _proxy(luck: Luck) -> str:
    page = 'body="<h1>Bad gateway</h1>", header="Content-Type: text/html"'
    return f"{luck.choice(ANY)}: status 502, {page}, {_which(luck)}"


def _turned_away(luck: Luck) -> str:
    return f"{luck.choice(ANY)}: status 429{luck.choice(RETRY_AFTER)}, {_which(luck)}"


def _refused(luck: Luck) -> str:
    # Not 404: what the API itself says is gone is gone
    code = luck.choice([400, 401, 403, 409, 422])
    return f"{luck.choice(ANY)}: status {code} {luck.choice(['before', 'after'])}, n={luck.randint(1, 12)}"


def _lie(luck: Luck) -> str:
    return f"{luck.choice(CHANGES)}: status 200, body={luck.choice(LIES)}, n={luck.randint(1, 4)}"


def _drop(luck: Luck) -> str:
    return f"{luck.choice(ANY)}: drop {luck.choice(['before', 'after'])}, {_which(luck)}"


def _truncate(luck: Luck) -> str:
    quietly = luck.choice(["", " quietly"])
    return f"{luck.choice(ANY)}: truncate {luck.choice([1, 20, 100, 400])}{quietly}, {_which(luck)}"


def _delay(luck: Luck) -> str:
    return f"{luck.choice(ANY)}: delay {luck.choice([1, 5, 20])} {luck.choice(['before', 'after'])}, {_which(luck)}"


def _hide(luck: Luck) -> str:
    return f"{luck.choice(WRITES[:4])}: hide {luck.randint(1, MOST_HIDDEN)}"


def _rate(luck: Luck) -> str:
    retry = luck.choice(["seconds", "none", "1"])
    return f"* /*: rate {luck.randint(3, 12)}/{luck.randint(20, 60)}, retry={retry}"


def _worker(luck: Luck) -> str:
    return f'* /*: worker "*" {luck.choice(["before", "after"])}, message="401 from the endpoint", {_which(luck)}'


def _shift(luck: Luck) -> str:
    path = luck.choice(["/scheduled-reports", "/automations"])
    return f"GET {path}: shift {luck.choice(['add', 'remove'])}, times={luck.randint(1, 4)}"


FAULTS: tuple[Callable[[Luck], str], ...] = (
    _status,
    _status,
    _proxy,
    _turned_away,
    _refused,
    _lie,
    _drop,
    _drop,
    _drop,
    _truncate,
    _delay,
    _hide,
    _rate,
    _worker,
)


def _empty(luck: Luck) -> str:
    path = luck.choice(["/scheduled-reports", "/automations"])
    return f"GET {path}: status 200, body='{EMPTY}', n={luck.randint(1, 5)}"


def weather(luck: Luck, *, crowded: bool, remembered: bool) -> list[str]:
    """Rules for one run. `crowded`: a list has several pages, so that it can shift between them. `remembered`: the
    state knows all that the team has made, so that a list may be empty with a straight face."""
    rules = [luck.choice(FAULTS)(luck) for _ in range(luck.randint(2, 6))]
    rules += [_empty(luck)] if remembered and luck.random() < 0.5 else []
    return rules + ([_shift(luck)] if crowded else [])


def short_lists(luck: Luck) -> list[str]:
    """Lists with a straight face: they leave out the last ones, or all, and say that they end there. Of integrations,
    which cannot be asked for by their ids, none is shown at all, or all are."""
    rules = [f"{luck.choice(ASKED_BY_ID)}: omit {luck.choice([1, 2, 5, 100])}, {_which(luck)}" for _ in range(2)]
    return rules + (["GET /integrations: omit 100"] if luck.random() < 0.3 else [])
