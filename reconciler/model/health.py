"""What should deliver and does not, as people are told of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NotDelivering:
    """One object that should deliver and does not. `problem` says what shows that. `since`: from when on, as the API or
    the state says it; None if it is not known. `affects`: what sends through it, by address, else by kind and id."""

    address: str
    id: str
    name: str
    problem: str
    since: str | None
    affects: tuple[str, ...] = ()
