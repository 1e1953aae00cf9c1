"""A rule of faults: the requests that it matches, those of them that it takes, and the effect."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from reconciler.simulator.effects import Effect
from reconciler.simulator.wire import BASE, Request


class RuleError(ValueError):
    """A rule that cannot be read; says what is wrong and what was expected."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which of the matching requests: the n-th, each k-th, some by chance, all; `times` is the most of them."""

    n: int | None = None
    every: int = 1
    chance: float = 1.0
    times: int | None = None

    def takes(self, matched: int, fired: int, rng: Random) -> bool:
        """Whether the `matched`-th match is one of them, after so many that fired."""
        drawn = rng.random()
        if self.n is not None:
            return self.n <= matched < self.n + (self.times or 1)
        if self.times is not None and fired >= self.times:
            return False
        return matched % self.every == 0 and drawn < self.chance


@dataclass(frozen=True, slots=True)
class Rule:
    """`text` is the rule as it was written, `what` the part of it that says what happens."""

    text: str
    method: str
    path: str
    what: str
    effect: Effect
    choice: Choice

    def matches(self, request: Request) -> bool:
        """Method and path. `*` is any method, or any characters of a path, slashes included."""
        if self.method not in ("*", request.method):
            return False
        pattern = re.escape(BASE + self.path).replace(r"\*", ".*")
        return re.fullmatch(pattern, request.path, re.DOTALL) is not None
