"""The words of a fault's grammar, and what each of them takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.simulator.effects import Delay, Effect, Hide, Instead, Omit, Rate, Shift, Truncate, Worker
from reconciler.simulator.normalising import WAYS, Normalise
from reconciler.simulator.rules import RuleError
from reconciler.simulator.wire import BODILESS, NO_ANSWER, ApiError, Response

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
_NUMBER = "([1-9][0-9]{0,5})"
_SECONDS = r"([0-9]{1,4}|[0-9]{0,4}\.[0-9]+)"
_WHEN = "(?: (before|after))?"
# The server writes these itself, or they belong to the connection and not to the answer.
_NOT_OURS = "Connection|Content-Length|Keep-Alive|TE|Trailers|Transfer-Encoding|Upgrade|Proxy-Connection"


@dataclass(frozen=True, slots=True)
class Fault:
    """What its words have to match, how they are written, and the effect of the pattern's groups and the details."""

    pattern: str
    usage: str
    effect: Callable[..., Effect]
    details: tuple[str, ...] = ()
    method: str = "*"
    choosable: bool = True


def _status(status: str, when: str | None, *, header: Sequence[str] = (), **written: str) -> Effect:
    named = [each.partition(":") for each in header]
    headers = {name.title(): value.lstrip() for name, _, value in named}
    return Instead(when == "after", _answer(int(status), headers, **written))


def _answer(status: int, headers: Mapping[str, str], **written: str) -> Response:
    if "body" in written:
        if len(written) > 1 or status in BODILESS:
            raise RuleError("body= cannot be with code= or message=" if len(written) > 1 else f"a {status} has no body")
        body = written["body"]
        return Response(status, None, {"Content-Type": _type_of(body), **headers}, body.encode())
    if status in BODILESS or (status < _REFUSED and not written):
        return Response(status, None, headers)
    code = written.get("code") or _CODES.get(status, "unknown_error" if status >= _FAILED else "invalid_request")
    message = written.get("message", f"A fault of the simulator: {status}")
    return ApiError(status, code, message, headers=headers).answer()


def _type_of(body: str) -> str:
    try:
        json.loads(body)
    except ValueError:
        return "text/plain; charset=utf-8"
    return "application/json"


def _worker(who: str, when: str | None, message: str = "The delivery failed repeatedly") -> Effect:
    return Worker(when == "after", who, message)


FAULTS: Mapping[str, Fault] = {
    "status": Fault(
        f"([2-5][0-9][0-9]){_WHEN}",
        "status CODE [before|after], CODE being 200 to 599",
        _status,
        ("code", "message", "body", "header"),
    ),
    "drop": Fault("(before|after)", "drop before|after", lambda when: Instead(when == "after", NO_ANSWER)),
    "delay": Fault(
        _SECONDS + _WHEN, "delay SECONDS [before|after]", lambda seconds, when: Delay(when == "after", float(seconds))
    ),
    "truncate": Fault(
        f"{_NUMBER}(?: (quietly))?",
        "truncate BYTES [quietly], BYTES being 1 or more",
        lambda keep, quietly: Truncate(keep=int(keep), quiet=bool(quietly)),
    ),
    "omit": Fault(
        _NUMBER,
        "omit COUNT, COUNT being 1 or more",
        lambda count: Omit(count=int(count)),
        method="GET",
    ),
    "hide": Fault(
        _NUMBER,
        "hide READINGS, READINGS being 1 or more",
        lambda readings: Hide(readings=int(readings)),
        method="POST",
    ),
    "shift": Fault(
        "(add|remove)",
        "shift add|remove",
        lambda what, page="1": Shift(adds=what == "add", page=int(page)),
        ("page",),
        method="GET",
    ),
    "rate": Fault(
        f"{_NUMBER}/{_SECONDS}",
        "rate REQUESTS/SECONDS, like rate 100/60",
        lambda limit, seconds, retry="seconds": Rate(limit=int(limit), seconds=float(seconds), retry=retry),
        ("retry",),
        choosable=False,
    ),
    "normalise": Fault(
        f"({'|'.join(WAYS)})(?: (stored|shown))?",
        f"normalise {'|'.join(WAYS)} [stored|shown]",
        lambda way, where: Normalise(way, where == "shown"),
    ),
    "worker": Fault(
        f"(.+?){_WHEN}",
        "worker INTEGRATION [before|after], INTEGRATION being an id, a title or *",
        _worker,
        ("message",),
    ),
}
DETAILS: Mapping[str, tuple[str, str]] = {
    "code": (r"\S+", "code=CODE"),
    "message": (".+", 'message="TEXT"'),
    "body": (".*", 'body="TEXT"'),
    "header": (
        rf"(?!(?i:{_NOT_OURS}):)[!#$%&'*+.^_`|~0-9A-Za-z-]+:[ -~]*",
        'header="Name: value", of the answer and not of the connection',
    ),
    "page": (_NUMBER, "page=NUMBER, 1 or more"),
    "retry": ("seconds|date|none|[0-9]{1,7}", "retry=seconds|date|none|NUMBER"),
}
"""What is said more closely of a fault: what its value has to match, and how it is written."""
CHOOSERS: Mapping[str, tuple[str, str]] = {
    "n": (_NUMBER, "n=NUMBER, 1 or more"),
    "every": (_NUMBER, "every=NUMBER, 1 or more"),
    "chance": (r"0?\.[0-9]+|1(?:\.0*)?", "chance=NUMBER, above 0 and up to 1"),
    "times": (_NUMBER, "times=NUMBER, 1 or more"),
}
"""Which of the matching requests: as in DETAILS."""
