"""Faults between the wire and the work. A rule, `METHOD PATH: FAULT [, DETAIL …] [, CHOICE]`, says what happens to
which requests. The guide in examples/simulator has the grammar, and the requests to `/_faults` that change the rules.
"""

from __future__ import annotations

import difflib
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from random import Random
from typing import Any, NamedTuple

from reconciler.simulator import effects
from reconciler.simulator.effects import WAYS, RequestContext, VisibilityDelay
from reconciler.simulator.wire import BASE, NO_ANSWER, ApiError, Request, Response, invalid

PATH = "/_faults"
DEFAULT_SEED = 1


class RuleError(ValueError):
    """A rule that cannot be read; says what is wrong and what was expected."""


class Fault(NamedTuple):
    """How a fault is written after its name, the same as a pattern, and its effect: it gets the groups of the pattern
    and the details, or what `prepare` makes of them, and gives False if it had none. `is_late`: it always happens after
    the work."""

    usage: str
    pattern: str
    effect: Callable[..., bool | None]
    prepare: Callable[..., Any] | None = None
    is_late: bool = False


_NUMBER = "[1-9][0-9]{0,5}"
_SECONDS = r"([0-9]{1,4}|[0-9]{0,4}\.[0-9]+)"
_WHEN = "(?: (?P<when>before|after))?"  # No argument of the effect: `Rule` chooses the moment.
_WAY = "|".join(WAYS)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "*")
FAULTS: Mapping[str, Fault] = {
    "status": Fault(
        "CODE [before|after], CODE being 200 to 599",
        f"([2-5][0-9][0-9]){_WHEN}",
        effects.respond,
        effects.make_response,
    ),
    "drop": Fault("before|after", "(?P<when>before|after)", effects.respond, lambda: NO_ANSWER),
    "delay": Fault("SECONDS [before|after]", f"{_SECONDS}{_WHEN}", effects.delay),
    "truncate": Fault("BYTES [quietly]", f"({_NUMBER})(?: (quietly))?", effects.truncate, is_late=True),
    "omit": Fault("COUNT", f"({_NUMBER})", effects.omit, is_late=True),
    "hide": Fault("READINGS", f"({_NUMBER})", effects.hide, is_late=True),
    "shift": Fault("add|remove", "(add|remove)", effects.shift),
    "rate": Fault("REQUESTS/SECONDS", f"({_NUMBER})/{_SECONDS}", effects.limit, effects.Window),
    "normalise": Fault(f"{_WAY} [stored|shown]", f"({_WAY})(?: (?P<when>stored|shown))?", effects.normalise),
    "clock": Fault("TIME, like 2027-03-28T01:30Z", r"(\S+Z)", effects.set_clock, datetime.fromisoformat),
    "worker": Fault("ID|TITLE|* [before|after]", f"(.+?){_WHEN}", effects.fail),
}
# Headers that the server writes itself, or that belong to the connection and not to the response.
_NOT_OURS = "Connection|Content-Length|Keep-Alive|TE|Trailers|Transfer-Encoding|Upgrade|Proxy-Connection"
VALUES: Mapping[str, tuple[str, str]] = {
    "code": ("CODE", r"\S+"),
    "message": ('"TEXT"', ".+"),
    "body": ('"TEXT"', ".*"),
    "header": (
        '"Name: value", of the answer and not of the connection',
        rf"(?!(?i:{_NOT_OURS}):)[!#$%&'*+.^_`|~0-9A-Za-z-]+:[ -~]*",
    ),
    "retry": ("seconds|none|NUMBER", "seconds|none|[0-9]{1,7}"),
    "chance": ("NUMBER, above 0 and up to 1", r"0?\.[0-9]+|1(\.0*)?"),
    **dict.fromkeys(("n", "every", "times"), ("NUMBER, 1 or more", _NUMBER)),
}
"""The values beside a fault: how each is written, and the same as a pattern."""
DETAILS = {"status": ("code", "message", "body", "header"), "rate": ("retry",), "worker": ("message",)}
CHOICES = ("n", "every", "chance", "times")  # Those that every fault takes: they say which of the matching requests.
OFTEN = {" once": "times=1", " twice": "times=2"}
_TEXT = r"""(?:"[^"]*"|'[^']*'|[^,"'])+"""
_RULE = re.compile(rf"(\S+)\s+(/[^\s:]*)\s*:({_TEXT}(?:,{_TEXT})*)", re.DOTALL)
_QUOTED = re.compile(r""""([^"]*)"|'([^']*)'""")
_SPACES = re.compile(r"""("[^"]*"|'[^']*')|\s+""")


class Rule:
    """One rule, read from its text, with its counts and random numbers of its own. RuleError if it cannot be read. Of
    the requests that match it, it takes the n-th, each k-th, some by chance, or all, and at most `times` of them."""

    def __init__(self, text: str, seed: str = "") -> None:
        self.text = text.strip()
        self.matched = self.fired = 0
        self._rng = Random(f"{seed} {self.text}")  # noqa: S311 - to repeat the same faults, not for secrets
        try:
            self._parse()
        except ValueError as error:
            raise RuleError(f"{self.text!r}: {error}") from None

    def _parse(self) -> None:
        if (found := _RULE.fullmatch(self.text)) is None:
            raise RuleError("expected METHOD PATH: FAULT [, NAME=VALUE …], like 'GET /*: status 503, times=2'")
        method, path, rest = found.groups()
        if path == BASE or path.startswith(f"{BASE}/"):
            raise RuleError(f"paths are written without {BASE}: {path.removeprefix(BASE) or '/*'}")
        rest = _SPACES.sub(lambda found: found[1] or " ", rest)  # Rules of a file may stand in columns.
        first, *more = map(str.strip, re.findall(_TEXT, rest))
        for word, same in OFTEN.items():
            if first.endswith(word):
                first, more = first.removesuffix(word), [same, *more]
        name, _, written = first.partition(" ")
        _require_known(name, FAULTS)
        _require_known(method, METHODS)
        fault = FAULTS[name]
        self.what = f"{name} {written}"
        self._requests = re.compile(re.escape(f"{method} {BASE}{path}").replace(r"\*", ".*"), re.DOTALL)
        matched = _match(f"{name} ", written, fault.usage, fault.pattern)
        words = matched.groups()[: -1 if "when" in matched.groupdict() else None]
        when = matched.groupdict().get("when")
        self.is_after, self.is_late = when == "after", fault.is_late or when in ("after", "shown")
        given: dict[str, list[str]] = defaultdict(list)
        for part in more:
            each, value = map(str.strip, part.partition("=")[::2])
            _require_known(each, (*DETAILS.get(name, ()), *CHOICES))
            given[each].append(_match(f"{each}=", value, *VALUES[each])[0])
            if len(given[each]) > 1 and each != "header":
                raise RuleError(f"{each} is there twice; expected it once")
        chosen = {each: given.pop(each)[0] for each in CHOICES if each in given}
        details = {each: values if each == "header" else values[0] for each, values in given.items()}
        self.effect = fault.effect
        self.arguments = (fault.prepare(*words, **details),) if fault.prepare else (*words, *details.values())
        if len(ways := [each for each in chosen if each != "times"]) > 1:
            raise RuleError(f"{' and '.join(ways)} cannot be in one rule; expected one of them")
        self._nth, self._every = int(chosen.get("n", 0)), int(chosen.get("every", 1))
        self.chance, self._times = float(chosen.get("chance", 1)), int(chosen.get("times", 0))

    def take(self, request: Request) -> bool:
        """Whether the rule takes this request. Counts it if the rule is about it."""
        if self._requests.fullmatch(f"{request.method} {request.path}") is None:
            return False
        self.matched += 1
        drawn = self._rng.random()  # For every match, so that the other choices do not shift the sequence.
        if self._nth:
            taken = self._nth <= self.matched < self._nth + (self._times or 1)
        else:
            is_over = self._times and self.fired >= self._times
            taken = not is_over and self.matched % self._every == 0 and drawn < self.chance
        self.fired += taken
        return taken


def _require_known(word: str, options: Collection[str]) -> None:
    if word not in options:
        close = difflib.get_close_matches(word, options, 1)
        instead = f"did you mean {close[0]}?" if close else f"expected one of {', '.join(options)}"
        raise RuleError(f"{word!r} is not known here; {instead}")


def _match(label: str, written: str, usage: str, pattern: str) -> re.Match[str]:
    found = re.fullmatch(pattern, _QUOTED.sub(r"\1\2", written), re.DOTALL)
    if found is None:
        raise RuleError(f"{f'{label}{written}'.strip()}: expected {label}{usage}")
    return found


def parse_rules(lines: Iterable[str], name: str) -> list[str]:
    """The rules of a file, one a line; empty lines and those that begin with `#` are left out. RuleError names the file
    and every line that cannot be read."""
    rules, problems = [], []
    for number, line in enumerate(map(str.strip, lines), 1):
        try:
            if line and not line.startswith("#"):
                rules.append(Rule(line).text)
        except RuleError as error:
            problems.append(f"{name}:{number}: {error}")
    if problems:
        raise RuleError("\n".join(problems))
    return rules


class Faults:
    """Rules, in the order in which they were added. Several threads may share it. The same seed, rules and order of
    requests give the same faults, because each rule has random numbers of its own."""

    def __init__(self, rules: Iterable[str] = (), *, seed: int = DEFAULT_SEED) -> None:
        self.seed = seed
        self._lock = threading.Lock()
        self.clear()
        self.add(*rules)

    def add(self, *rules: str) -> None:
        """Add rules behind those that are there; RuleError for one that cannot be read, and then none is added."""
        with self._lock:
            self._rules += tuple(Rule(text, f"{self.seed} {n}") for n, text in enumerate(rules, len(self._rules)))

    def clear(self) -> None:
        """Forget all rules and show what they hid."""
        with self._lock:
            self._rules: tuple[Rule, ...] = ()
            self.visibility = VisibilityDelay()

    def report(self) -> dict[str, Any]:
        """The seed, and each rule with its counts."""
        with self._lock:
            rules = [{"rule": each.text, "matched": each.matched, "fired": each.fired} for each in self._rules]
        return {"seed": self.seed, "rules": rules}

    def describe(self) -> list[str]:
        """A line for each rule, and the seed if one of them has a chance."""
        seed = [f"chances by --seed {self.seed}"] if any(rule.chance < 1 for rule in self._rules) else []
        return [f"fault: {rule.text}" for rule in self._rules] + seed

    def handle(self, context: RequestContext, work: Callable[[], Response]) -> Response:
        """The response to the request of the context, with what the rules do before and after the work."""
        with self._lock:
            chosen = [rule for rule in self._rules if rule.take(context.request)]
        self._fire([rule for rule in chosen if not rule.is_late], context)
        if not context.is_answered:
            context.worked = context.response = work()
        context.is_late = True
        self._fire([rule for rule in chosen if rule.is_late], context)
        return context.response

    def _fire(self, rules: Iterable[Rule], context: RequestContext) -> None:
        for rule in rules:
            has_effect = False
            # After the work: nothing, if a rule has answered in its place.
            if context.worked is not NO_ANSWER or not rule.is_after:
                with suppress(ApiError):
                    has_effect = rule.effect(context, *rule.arguments) is not False
            if has_effect:
                context.fired.append(rule.what)
            else:
                with self._lock:
                    rule.fired -= 1

    def answer(self, request: Request) -> Response:
        """The answer to a request for PATH."""
        if request.method == "DELETE":
            self.clear()
            return Response(204)
        if request.method == "POST":
            rules = request.fields().get("rules")
            if not isinstance(rules, list) or not all(isinstance(each, str) for each in rules):
                raise invalid([("rules", "must be a list of strings, each a rule")])
            try:
                self.add(*rules)
            except RuleError as error:
                raise invalid([("rules", str(error))]) from error
        elif request.method != "GET":
            allowed = {"Allow": "GET, POST, DELETE"}
            raise ApiError(405, "invalid_request", f"{request.method} is not allowed here", headers=allowed)
        return Response(201 if request.method == "POST" else 200, self.report())
