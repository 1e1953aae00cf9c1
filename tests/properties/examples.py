"""How many inputs a test gets, and which."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

TIMES = int(os.environ.get("PROPERTIES", "0"))

settings.register_profile(
    "reconciler",
    derandomize=not TIMES,
    database=None,
    deadline=None,  # a slow machine proves nothing
    print_blob=True,
    suppress_health_check=[
        HealthCheck.too_slow,
        # `monkeypatch` and `capsys` outlive an input; each makes a folder of its own.
        HealthCheck.function_scoped_fixture,
    ],
)
settings.load_profile("reconciler")

# Hypothesis tries literals of the modules that happen to be loaded: that would be others on another worker.
if hasattr(providers, "_get_local_constants"):
    providers._get_local_constants = lambda: providers._local_constants


def examples(count: int) -> settings:
    """So many inputs, or PROPERTIES times as many."""
    return settings(max_examples=count * (TIMES or 1))
