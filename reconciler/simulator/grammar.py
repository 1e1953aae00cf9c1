"""The grammar of a fault: one line of text in, a rule out.

    METHOD PATH: WHAT HAPPENS [, DETAIL …] [, WHICH]

Commas divide the parts; between a word and its value a space and `=` mean the same; quotes, double or single, hold what
has these in it.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.simulator import effects
from reconciler.simulator.effects import Effect
from reconciler.simulator.normalising import WAYS, normalise, normalise_applies
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
_NUMBER = "[1-9][0-9]{0,5}"
_SECONDS = r"(?P<seconds>[0-9]{1,4}|[0-9]{0,4}\.[0-9]+)"
_WHEN = "(?P<when>before|after)"
# The server writes these itself, or they belong to the connection and not to the answer.
_NOT_OURS = "Connection|Content-Length|Keep-Alive|TE|Trailers|Transfer-Encoding|Upgrade|Proxy-Connection"


@dataclass(frozen=True, slots=True)
class Fault:
    """How the words of a fault are written, what they match, and the effect.

    The pattern's groups and the `details` are the effect's options, once `prepare` has made others of them; the group
    `when` says whether it is late.
    """

    usage: str
    pattern: str
    act: Callable[..., bool]
    details: tuple[str, ...] = ()
    late: bool = False
    method: str = "*"
    condition: Callable[..., bool] | None = None
    choosable: bool = True
    prepare: Callable[..., dict[str, Any]] = dict


def _response(status: str, header: tuple[str, ...] = (), **written: str) -> dict[str, Any]:
    code, named = int(status), [each.partition(":") for each in header]
    headers = {name.title(): value.lstrip() for name, _, value in named}
    if "body" in written:
        if len(written) > 1 or code in BODILESS:
            raise RuleError("body= cannot be with code= or message=" if len(written) > 1 else f"a {code} has no body")
        body = written["body"]
        return {"response": Response(code, None, {"Content-Type": _type_of(body), **headers}, body.encode())}
    if code in BODILESS or (code < _REFUSED and not written):
        return {"response": Response(code, None, headers)}
    name = written.get("code") or _CODES.get(code, "unknown_error" if code >= _FAILED else "invalid_request")
    message = written.get("message", f"A fault of the simulator: {code}")
    return {"response": ApiError(code, name, message, headers=headers).answer()}


def _type_of(body: str) -> str:
    try:
        json.loads(body)
    except ValueError:
        return "text/plain; charset=utf-8"
    return "application/json"


FAULTS: Mapping[str, Fault] = {
    "status": Fault(
        "status CODE [before|after], CODE being 200 to 599",
        f"(?P<status>[2-5][0-9][0-9])(?: {_WHEN})?",
        effects.respond,
        ("code", "message", "body", "header"),
        prepare=_response,
    ),
    "drop": Fault("drop before|after", _WHEN, effects.respond, prepare=lambda: {"response": NO_ANSWER}),
    "delay": Fault("delay SECONDS [before|after]", f"{_SECONDS}(?: {_WHEN})?", effects.delay),
    "truncate": Fault(
        "truncate BYTES [quietly], BYTES being 1 or more",
        f"(?P<keep>{_NUMBER})(?: (?P<quietly>quietly))?",
        effects.truncate,
        late=True,
    ),
    "omit": Fault("omit COUNT, COUNT being 1 or more", f"(?P<count>{_NUMBER})", effects.omit, late=True, method="GET"),
    "hide": Fault(
        "hide READINGS, READINGS being 1 or more", f"(?P<readings>{_NUMBER})", effects.hide, late=True, method="POST"
    ),
    "shift": Fault(
        "shift add|remove",
        "(?P<what>add|remove)",
        effects.shift,
        ("page",),
        method="GET",
        condition=effects.shift_applies,
    ),
    "rate": Fault(
        "rate REQUESTS/SECONDS, like rate 100/60",
        f"(?P<limit>{_NUMBER})/{_SECONDS}",
        effects.rate,
        ("retry",),
        choosable=False,
        prepare=lambda **options: {"window": effects.Window(**options)},
    ),
    "normalise": Fault(
        f"normalise {'|'.join(WAYS)} [stored|shown]",
        f"(?P<way>{'|'.join(WAYS)})(?: (?P<when>stored|shown))?",
        normalise,
        condition=normalise_applies,
    ),
    "worker": Fault(
        "worker INTEGRATION [before|after], INTEGRATION being an id, a title or *",
        f"(?P<who>.+?)(?: {_WHEN})?",
        effects.worker,
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
CONVERTERS: Mapping[str, Callable[[str], Any]] = {
    **dict.fromkeys(("keep", "count", "readings", "limit", "page", "n", "every", "times"), int),
    **dict.fromkeys(("seconds", "chance"), float),
}


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
    options = {
        name: _converted(name, value) for name, value in _matched(what, words, fault.pattern, fault.usage).items()
    }
    clauses.remove((what, words))
    details, choice = _values(clauses, what)
    late = options.pop("when", None) in ("after", "shown") or fault.late
    effect = Effect(fault.act, fault.prepare(**options, **details), late, fault.condition)
    return Rule(text, method, path, " ".join((what, *words)), effect, choice)


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


def _values(clauses: Iterable[tuple[str, list[str]]], what: str) -> tuple[dict[str, Any], Choice]:
    """The details of a fault by their names, and which requests are meant."""
    fault = FAULTS[what]
    details: dict[str, Any] = {}
    chosen: dict[str, Any] = {}
    for name, words in clauses:
        if name not in (allowed := (*fault.details, *CHOOSERS) if fault.choosable else fault.details):
            raise RuleError(f"{name} cannot be with {what}; expected one of {', '.join(allowed) or 'none'}")
        pattern, usage = {**DETAILS, **CHOOSERS}[name]
        value = _converted(name, _matched(name, words, f"(?P<value>{pattern})", usage)["value"])
        if name == "header":
            value = (*details.get(name, ()), value)
        elif name in (*details, *chosen):
            raise RuleError(f"{name} is there twice; expected it once")
        (details if name in DETAILS else chosen)[name] = value
    if len(ways := [name for name in chosen if name != "times"]) > 1:
        raise RuleError(f"{' and '.join(ways)} cannot be in one rule; expected one of them")
    return details, Choice(**chosen)


def _matched(name: str, words: list[str], pattern: str, usage: str) -> dict[str, str]:
    found = re.fullmatch(pattern, " ".join(words), re.DOTALL) if words else None
    if found is None:
        raise RuleError(f"{' '.join((name, *words))}: expected {usage}")
    return found.groupdict()


def _converted(name: str, value: str | None) -> Any:
    return CONVERTERS[name](value) if value is not None and name in CONVERTERS else value
