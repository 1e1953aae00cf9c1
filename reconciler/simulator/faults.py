"""Faults between the wire and the work. The grammar of a rule is in `grammar`.

In Python: `Simulator(path, faults=Faults(["POST /automations: drop after, n=1"]))`, and `add`, `clear` and `report` at
any time. Over HTTP the same at a path that needs no key and that no rule affects:

    GET    /_faults   the seed, and each rule with how many requests matched it and how often it fired
    POST   /_faults   {"rules": [RULE, …]} adds rules and answers as GET does; a 422 adds none
    DELETE /_faults   forgets all rules, and shows what was hidden
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from reconciler.simulator.effects import Scene
from reconciler.simulator.grammar import parse
from reconciler.simulator.rules import Rule, RuleError
from reconciler.simulator.visibility import VisibilityDelay
from reconciler.simulator.wire import BASE, ApiError, Request, Response, invalid

PATH = "/_faults"
DEFAULT_SEED = 1


class _Tally:
    """A rule with its counts, and random numbers of its own."""

    def __init__(self, rule: Rule, rng: Random) -> None:
        self.rule = rule
        self.rng = rng
        self.matched = 0
        self.fired = 0

    def count(self) -> bool:
        """One more match; whether the rule takes it."""
        self.matched += 1
        taken = self.rule.choice.takes(self.matched, self.fired, self.rng)
        self.fired += taken
        return taken


class Faults:
    """Rules, in the order in which they were added. Several threads may share it.

    The same seed, rules and order of requests give the same faults, because each rule has random numbers of its own.
    """

    def __init__(self, rules: Iterable[str] = (), *, seed: int = DEFAULT_SEED) -> None:
        self.seed = seed
        self.visibility = VisibilityDelay()
        self._lock = threading.Lock()
        self._tallies: tuple[_Tally, ...] = ()
        self.add(*rules)

    def add(self, *rules: str) -> None:
        """Add rules behind those that are there; RuleError for one that cannot be read, and then none is added."""
        parsed = [parse(text) for text in rules]
        with self._lock:
            for rule in parsed:
                # Not for secrets: the same faults again is what the numbers are for.
                rng = Random(f"{self.seed} {len(self._tallies)} {rule.text}")  # noqa: S311
                self._tallies = (*self._tallies, _Tally(rule, rng))

    def clear(self) -> None:
        """Forget all rules and show what they hid."""
        with self._lock:
            self._tallies = ()
        self.visibility.lift()

    def report(self) -> dict[str, Any]:
        """The seed, and each rule with its counts."""
        with self._lock:
            rules = [{"rule": each.rule.text, "matched": each.matched, "fired": each.fired} for each in self._tallies]
        return {"seed": self.seed, "rules": rules}

    def lines(self) -> list[str]:
        """A line for each rule, and the seed if one of them has a chance."""
        rules = [each.rule for each in self._tallies]
        by_chance = any(rule.choice.chance < 1 for rule in rules)
        return [f"fault: {rule.text}" for rule in rules] + [f"chances by --seed {self.seed}"] * by_chance

    def around(self, scene: Scene, work: Callable[[], Response]) -> Response:
        """The answer to the request of the scene, with what the rules do before and after the work."""
        chosen = self._chosen(scene) if scene.request.path.startswith(f"{BASE}/") else []
        for tally in chosen:
            if not tally.rule.effect.late:
                self._fire(tally, scene)
        if scene.response is None:
            scene.worked = scene.response = work()
        for tally in chosen:
            if tally.rule.effect.late:
                self._fire(tally, scene)
        return scene.response

    def answer(self, request: Request) -> Response:
        """The answer to a request for PATH."""
        if request.method == "GET":
            return Response(200, self.report())
        if request.method == "POST":
            self._add_all(request.fields().get("rules"))
            return Response(201, self.report())
        if request.method == "DELETE":
            self.clear()
            return Response(204)
        allowed = {"Allow": "GET, POST, DELETE"}
        raise ApiError(405, "invalid_request", f"{request.method} is not allowed here", headers=allowed)

    def _chosen(self, scene: Scene) -> list[_Tally]:
        matching = [
            each for each in self._tallies if each.rule.matches(scene.request) and each.rule.effect.applies(scene)
        ]
        with self._lock:
            return [each for each in matching if each.count()]

    def _fire(self, tally: _Tally, scene: Scene) -> None:
        if tally.rule.effect.happen(scene):
            scene.fired.append(tally.rule.what)
            return
        with self._lock:
            tally.fired -= 1

    def _add_all(self, rules: object) -> None:
        if not isinstance(rules, list) or not all(isinstance(each, str) for each in rules):
            raise invalid([("rules", "must be a list of strings, each a rule")])
        try:
            self.add(*rules)
        except RuleError as error:
            raise invalid([("rules", str(error))]) from error
