"""Policies as they are written, and their results for a configuration or a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any, Literal

from reconciler.errors import GUARD, Location, Problem
from reconciler.lazy import frozen


@frozen
class PolicyException:
    """An address for which a policy does not hold, `until` (YYYY-MM-DD) included. The rest is for people."""

    address: str
    until: str
    reason: str
    owner: str
    location: Location


@frozen
class Policy:
    """One rule as it is written. It holds in `folder`, relative to the configuration's (empty: all of it), for `kinds`
    (none: all). `when` and `require` are expressions in CEL; `rule` is the ready rule that it uses, with the values
    `given`. `locations` are those of its values, of a text that of its first character."""

    name: str
    location: Location
    folder: str = ""
    kinds: tuple[str, ...] = ()
    when: str = ""
    require: str = ""
    message: str = ""
    level: Literal["error", "warning"] = "error"
    ratchet: bool = False
    exceptions: tuple[PolicyException, ...] = ()
    rule: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    locations: Mapping[str, Location] = field(default_factory=dict)

    def content(self) -> object:
        """The policy without locations, to compare it with another version of itself."""
        nowhere = Location("", 0, 0)
        exceptions = tuple(replace(each, location=nowhere) for each in self.exceptions)
        return replace(self, location=nowhere, locations={}, exceptions=exceptions)

    def problem(self, key: str, message: str, at: int = 0, address: str = "") -> Problem:
        """A problem with the value of a key, `at` the index of a character; for one `address` if that is given."""
        file, line, column = self.locations.get(key, self.location)
        *above, last = str(getattr(self, key, ""))[:at].split("\n")
        text = f"policy.{self.name}: {key}: {message}"
        place = (file, line + len(above), column + len(last))
        return Problem(*place, f"{address}: {text}" if address else text, subject=address, cause=f"{place}{text}")


@frozen
class Violation:
    """A policy that does not hold for an address. `location` is that of the resource, of an instance that of its
    `for_each`; `items` says which one. `excepted` is the exception that lets it pass, `ended` one that did so until its
    date. `existed`: it was so at the base, and the policy is a ratchet; its level is a warning then."""

    policy: str
    level: Literal["error", "warning"]
    address: str
    message: str
    location: Location
    policy_location: Location
    items: str = ""
    excepted: PolicyException | None = None
    ended: PolicyException | None = None
    existed: bool = False

    def problem(self) -> Problem:
        """The violation as a problem at the place of its resource; those of one `for_each` have one cause."""
        ended = f"; its exception ended after {self.ended.until}" if self.ended else ""
        existed = "; it was so at the base" if self.existed else ""
        subject, guard = f"{self.address}{f' (for {self.items})' if self.items else ''}", GUARD + self.policy
        text = f"{self.message.rstrip('.')} (policy {self.policy}, {self.policy_location}{ended}{existed})"
        return Problem(*self.location, f"{subject}: {text}", guard, subject, f"{guard}{self.location}{text}")


@frozen
class PolicyReport:
    """The results of the policies for one environment. `violations` count; `excepted` are those that an exception
    lets pass. `unused` are the exceptions that except nothing, each with its policy's name. `held` and `refused`:
    policy → how often it was judged and held, or did not, excepted ones included."""

    violations: tuple[Violation, ...] = ()
    excepted: tuple[Violation, ...] = ()
    unused: tuple[tuple[str, PolicyException], ...] = ()
    held: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)

    def problems(self, level: Literal["error", "warning"]) -> list[Problem]:
        """The violations of a level."""
        return [each.problem() for each in self.violations if each.level == level]
