"""Rules of an organisation, as they are written, and what they say of a configuration or of a plan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from reconciler.errors import Location

Level = Literal["error", "warning"]
GUARD = "policy:"
"""Before the name of a policy: the guard that `--allow` passes, and the code of its problems."""


@dataclass(frozen=True, slots=True)
class PolicyException:
    """An address for which a policy does not hold, `until` (YYYY-MM-DD) included. The rest is for people."""

    address: str
    until: str
    reason: str
    owner: str
    location: Location


@dataclass(frozen=True, slots=True)
class Policy:
    """One rule as it is written. It holds in `folder`, relative to the configuration's (empty: all of it).

    `when` and `require` are expressions in CEL; `rule` is the ready rule that it uses, and `given` are its values.
    `locations` are those of its keys. No `kinds` are all kinds.
    """

    name: str
    location: Location
    folder: str = ""
    kinds: tuple[str, ...] = ()
    when: str = ""
    require: str = ""
    message: str = ""
    level: Level = "error"
    ratchet: bool = False
    exceptions: tuple[PolicyException, ...] = ()
    rule: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    locations: Mapping[str, Location] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Violation:
    """A policy that does not hold for an address. `location` is that of the resource, of an instance that of its
    `for_each`, and `items` says which instance. `excepted` is the exception that lets it pass, `ended` one that did so
    until its date. `existed`: it was so at the base, and the policy is a ratchet; its level is a warning then."""

    policy: str
    level: Level
    address: str
    message: str
    location: Location
    policy_location: Location
    items: str = ""
    excepted: PolicyException | None = None
    ended: PolicyException | None = None
    existed: bool = False

    @property
    def subject(self) -> str:
        """What it is about: the address, and the items of an instance."""
        return f"{self.address} ({self.items})" if self.items else self.address

    @property
    def guard(self) -> str:
        """The name of the guard that refuses a plan because of it."""
        return GUARD + self.policy


@dataclass(frozen=True, slots=True)
class PolicyReport:
    """What the policies say of one environment. `violations` are those that count, `excepted` those that an exception
    lets pass. `unused` are the exceptions that except nothing, each with its policy's name. `held` and `refused`:
    policy → how often it was judged and held, or did not, excepted ones included."""

    violations: tuple[Violation, ...] = ()
    excepted: tuple[Violation, ...] = ()
    unused: tuple[tuple[str, PolicyException], ...] = ()
    held: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)

    def errors(self) -> tuple[Violation, ...]:
        """The violations that refuse."""
        return tuple(each for each in self.violations if each.level == "error")

    def warnings(self) -> tuple[Violation, ...]:
        """The violations that are only told."""
        return tuple(each for each in self.violations if each.level == "warning")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a policy cannot be read or judged: in its value at `key`, `at` characters within it. `address` is what it was
    judged for, empty if it is so for all."""

    policy: Policy
    key: str
    message: str
    at: int = 0
    address: str = ""


class NotJudged(Exception):
    """Some policies cannot be read or judged."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{each.policy.name}: {each.message}" for each in self.faults))
