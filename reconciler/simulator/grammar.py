"""The grammar of a fault: one line of text in, a rule out. "Rehearsing faults" in the README has all words.

    METHOD PATH: WHAT HAPPENS [, DETAIL …] [, WHICH]

Commas divide the parts; between a word and its value a space and `=` mean the same; quotes, double or single, hold what
has these in it.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.simulator.effects import Delay, Effect, Hide, Instead, Omit, Rate, Shift, Truncate, Worker
from reconciler.simulator.normalising import WAYS, Normalise
from reconciler.simulator.rules import Choice, Rule, RuleError
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


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "*")
_RULE = re.compile(r"(\S+)\s+(/[^\s:]*)\s*:(.*)", re.DOTALL)
_WORD = re.compile(r""""([^"]*)"|'([^']*)'|([^\s,="']+)|(,)""")


def parse(text: str) -> Rule:
    """The rule that the text says; RuleError, with the text in front, where it says none."""
    text = text.strip()
    try:
        return _rule(text)
    except RuleError as error:
        raise RuleError(f"{text!r}: {error}") from None


def rules_in(lines: Iterable[str], name: str) -> list[str]:
    """The rules of a file, one a line; empty lines and those that begin with `#` are left out.

    RuleError names the file and every line that cannot be read.
    """
    rules, problems = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            rules.append(parse(line).text)
        except RuleError as error:
            problems.append(f"{name}:{number}: {error}")
    if problems:
        raise RuleError("\n".join(problems))
    return rules


def _rule(text: str) -> Rule:
    rule = _RULE.fullmatch(text)
    if rule is None:
        raise RuleError("expected METHOD PATH: WHAT HAPPENS, like 'GET /*: status 503'")
    method, path, rest = rule.groups()
    if path == "/v4" or path.startswith("/v4/"):
        raise RuleError(f"paths are written without /v4: {path.removeprefix('/v4') or '/*'}")
    clauses = _clauses(rest)
    for word, known in ((method, METHODS), *((name, (*FAULTS, *DETAILS, *CHOOSERS)) for name, _ in clauses)):
        if word not in known:
            close = difflib.get_close_matches(word, known, 1)
            instead = f"did you mean {close[0]}?" if close else f"expected one of {', '.join(known)}"
            raise RuleError(f"{word!r} is not known; {instead}")
    found = [clause for clause in clauses if clause[0] in FAULTS]
    if len(found) != 1:
        names = " and ".join(name for name, _ in found) or "none"
        raise RuleError(f"expected one fault in a rule, found {names}; a fault is one of {', '.join(FAULTS)}")
    ((what, words),) = found
    fault = FAULTS[what]
    if fault.method not in (method, "*") and method != "*":
        raise RuleError(f"{what} can only happen to a {fault.method}, not to a {method}")
    groups = _matched(what, words, fault.pattern, fault.usage).groups()
    clauses.remove((what, words))
    details, chosen = _values(clauses, what)
    effect = fault.effect(*groups, **details)
    return Rule(text, method, path, " ".join((what, *words)), effect, _choice(chosen))


def _clauses(text: str) -> list[tuple[str, list[str]]]:
    """The first word and the others of each part between two commas."""
    clauses: list[list[str]] = [[]]
    for double, single, bare, comma in _WORD.findall(text):
        if comma:
            clauses.append([])
        else:
            clauses[-1].append(double or single or bare)
    if re.search("[\"']", _WORD.sub("", text)):
        raise RuleError("a quote is not closed; expected the same quote behind the text")
    if not all(clauses):
        raise RuleError(f"nothing stands between two commas, or after the colon; expected one of {', '.join(FAULTS)}")
    return [(name, words) for name, *words in clauses]


def _values(clauses: Iterable[tuple[str, list[str]]], what: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The details of a fault, and which requests are meant, by their names."""
    fault = FAULTS[what]
    details: dict[str, Any] = {}
    chosen: dict[str, str] = {}
    for name, words in clauses:
        if name not in (allowed := (*fault.details, *CHOOSERS) if fault.choosable else fault.details):
            raise RuleError(f"{name} cannot be with {what}; expected one of {', '.join(allowed) or 'none'}")
        value: Any = _matched(name, words, *{**DETAILS, **CHOOSERS}[name])[0]
        if name == "header":
            value = (*details.get(name, ()), value)
        elif name in (*details, *chosen):
            raise RuleError(f"{name} is there twice; expected it once")
        (details if name in DETAILS else chosen)[name] = value
    return details, chosen


def _matched(name: str, words: list[str], pattern: str, usage: str) -> re.Match[str]:
    found = re.fullmatch(pattern, " ".join(words), re.DOTALL) if words else None
    if found is None:
        raise RuleError(f"{' '.join((name, *words))}: expected {usage}")
    return found


def _choice(chosen: Mapping[str, str]) -> Choice:
    if len(ways := [name for name in chosen if name != "times"]) > 1:
        raise RuleError(f"{' and '.join(ways)} cannot be in one rule; expected one of them")
    numbers: dict[str, Any] = {name: float(text) if name == "chance" else int(text) for name, text in chosen.items()}
    return Choice(**numbers)
