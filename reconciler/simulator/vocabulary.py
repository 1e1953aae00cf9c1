"""The words of a fault's grammar, and what each of them takes."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.simulator.effects import Delay, Effect, Hide, Instead, Rate, Shift, Truncate, Worker
from reconciler.simulator.normalising import WAYS, Normalise
from reconciler.simulator.rules import Choice, RuleError
from reconciler.simulator.wire import BODILESS, NO_ANSWER, ApiError, Response

Words = Sequence[str]
Details = Mapping[str, Sequence[str]]

_CODES = {
    401: "control_unauthorized",
    403: "control_forbidden",
    404: "not_found",
    409: "conflict",
    422: "invalid_data",
    429: "rate_limit_exceeded",
}
_FAILED = 500
_REFUSED = 400
_LONGEST_DELAY = 3600.0
_HEADER = re.compile(r"(?P<name>[!#$%&'*+.^_`|~0-9A-Za-z-]+):[ ]*(?P<value>[\x20-\x7e]*)")
# The server writes these itself, or they belong to the connection and not to the answer.
_NOT_OURS = frozenset(
    ("Connection", "Content-Length", "Keep-Alive", "Te", "Trailers", "Transfer-Encoding", "Upgrade", "Proxy-Connection")
)


@dataclass(frozen=True, slots=True)
class Clause:
    """What stands between two commas: a word and its values."""

    name: str
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join((self.name, *self.values))


@dataclass(frozen=True, slots=True)
class Form:
    """A fault: how it is written, which details go with it, on which methods it can do anything."""

    usage: str
    read: Callable[[Words, Details], Effect]
    details: tuple[str, ...] = ()
    method: str = "*"
    choosable: bool = True


DETAILS = {
    "code": "code=CODE",
    "message": 'message="TEXT"',
    "body": 'body="TEXT"',
    "header": 'header="Name: value"',
    "page": "page=NUMBER, 1 or more",
    "retry": "retry=seconds, retry=date, retry=none or retry=NUMBER",
}


def whole(text: str, lowest: int = 1, highest: int = 1_000_000) -> int:
    """A whole number within bounds; ValueError for anything else."""
    if not re.fullmatch(r"[0-9]{1,7}", text) or not lowest <= int(text) <= highest:
        raise ValueError(text)
    return int(text)


def amount(text: str, highest: float = math.inf) -> float:
    """A number above zero; ValueError for anything else."""
    number = float(text)
    if not (math.isfinite(number) and 0 < number <= highest):
        raise ValueError(text)
    return number


def _late(words: Words) -> bool:
    (word,) = words
    return {"before": False, "after": True}[word]


def _status(words: Words, details: Details) -> Effect:
    status = whole(words[0], 200, 599)
    return Instead(_late(words[1:] or ("before",)), _answer(status, details))


def _answer(status: int, details: Details) -> Response:
    headers = dict(map(_header, details.get("header", ())))
    written = {"code", "message"} & details.keys()
    if "body" in details:
        if written or status in BODILESS:
            others = " and ".join(f"{name}=" for name in sorted(written))
            raise RuleError(f"body= cannot be with {others}" if written else f"a {status} has no body")
        (body,) = details["body"]
        return Response(status, None, {"Content-Type": _type_of(body), **headers}, body.encode())
    if status in BODILESS or (status < _REFUSED and not written):
        return Response(status, None, headers)
    code = details.get("code", (_CODES.get(status, "unknown_error" if status >= _FAILED else "invalid_request"),))[0]
    message = details.get("message", (f"A fault of the simulator: {status}",))[0]
    return ApiError(status, code, message, headers=headers).answer()


def _type_of(body: str) -> str:
    try:
        json.loads(body)
    except ValueError:
        return "text/plain; charset=utf-8"
    return "application/json"


def _header(text: str) -> tuple[str, str]:
    found = _HEADER.fullmatch(text)
    if found is None:
        raise RuleError(f'header "{text}": expected {DETAILS["header"]}')
    if (name := found["name"].title()) in _NOT_OURS:
        raise RuleError(f'header "{text}": {name} is of the connection and cannot be set')
    return name, found["value"]


def _drop(words: Words, _: Details) -> Effect:
    return Instead(_late(words), NO_ANSWER)


def _delay(words: Words, _: Details) -> Effect:
    return Delay(_late(words[1:] or ("before",)), amount(words[0], _LONGEST_DELAY))


def _truncate(words: Words, _: Details) -> Effect:
    if list(words[1:]) not in ([], ["quietly"]):
        raise ValueError(words)
    return Truncate(keep=whole(words[0]), quiet=len(words) > 1)


def _hide(words: Words, _: Details) -> Effect:
    (readings,) = words
    return Hide(readings=whole(readings))


def _shift(words: Words, details: Details) -> Effect:
    (word,) = words
    return Shift(adds={"add": True, "remove": False}[word], page=_page(details.get("page", ("1",))[0]))


def _page(text: str) -> int:
    try:
        return whole(text)
    except ValueError:
        raise RuleError(f"page {text}: expected {DETAILS['page']}") from None


def _rate(words: Words, details: Details) -> Effect:
    (word,) = words
    limit, _, seconds = word.partition("/")
    retry = details.get("retry", ("seconds",))[0]
    if retry not in ("seconds", "date", "none") and not re.fullmatch("[0-9]{1,7}", retry):
        raise RuleError(f"retry {retry}: expected {DETAILS['retry']}")
    return Rate(limit=whole(limit), seconds=amount(seconds), retry=retry)


def _worker(words: Words, details: Details) -> Effect:
    message = details.get("message", ("The delivery failed repeatedly",))[0]
    return Worker(_late(words[1:] or ("before",)), words[0], message)


def _normalise(words: Words, _: Details) -> Effect:
    if words[0] not in WAYS:
        raise RuleError(f"normalise {words[0]}: expected one of {', '.join(WAYS)}")
    return Normalise(words[0], {"stored": False, "shown": True}[words[1] if len(words) > 1 else "stored"])


FORMS: Mapping[str, Form] = {
    "status": Form("status CODE [before|after], CODE being 200 to 599", _status, ("code", "message", "body", "header")),
    "drop": Form("drop before, or drop after", _drop),
    "delay": Form("delay SECONDS [before|after], SECONDS above 0 and up to 3600", _delay),
    "truncate": Form("truncate BYTES [quietly], BYTES being 1 or more", _truncate),
    "hide": Form("hide READINGS, READINGS being 1 or more", _hide, method="POST"),
    "shift": Form("shift add, or shift remove", _shift, ("page",), method="GET"),
    "rate": Form("rate REQUESTS/SECONDS, like rate 100/60", _rate, ("retry",), choosable=False),
    "normalise": Form(f"normalise {'|'.join(WAYS)} [stored|shown]", _normalise),
    "worker": Form("worker INTEGRATION [before|after], INTEGRATION being an id, a title or *", _worker, ("message",)),
}


def choice(chosen: Mapping[str, str]) -> Choice:
    """Which of the matching requests are meant, by the words of CHOOSERS."""
    known = {name: _chooser(name, text) for name, text in chosen.items()}
    if len(ways := [name for name in ("n", "every", "chance") if name in known]) > 1:
        raise RuleError(f"{' and '.join(ways)} cannot be in one rule: each says by itself which requests are meant")
    return Choice(**known)  # type: ignore[arg-type]


def _chooser(name: str, text: str) -> int | float:
    try:
        return amount(text, 1) if name == "chance" else whole(text)
    except ValueError:
        raise RuleError(f"{name} {text}: expected {CHOOSERS[name]}") from None


CHOOSERS = {
    "n": "n=NUMBER, 1 or more",
    "every": "every=NUMBER, 1 or more",
    "chance": "chance=NUMBER, above 0 and up to 1",
    "times": "times=NUMBER, 1 or more",
}
