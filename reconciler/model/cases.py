"""How the tests of a configuration ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.errors import Location


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An expectation of a test that was not met: its path, where it is written, and both values."""

    path: str
    location: Location
    expected: Any
    got: Any


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How a test of the configuration ended. `policies`: name → whether it held, and whether it refused something."""

    location: Location
    name: str
    environment: str
    mismatches: tuple[Mismatch, ...] = ()
    error: str = ""
    policies: Mapping[str, tuple[bool, bool]] = field(default_factory=dict)
