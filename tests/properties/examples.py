"""How many inputs a test gets, and which."""

from __future__ import annotations

import os

import size
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

TIMES = int(os.environ.get("PROPERTIES", "0"))
EVERY_DAY = 10
"""Every day a test gets one in so many of its inputs."""

for profile, count in (("every-day", 100 // EVERY_DAY), ("exhaustive", 100 * (TIMES or 1))):
    settings.register_profile(
        profile,
        max_examples=count,
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
PROFILE = settings.get_profile("exhaustive" if size.exhaustive or TIMES else "every-day")

# Hypothesis tries literals of the modules that happen to be loaded: that would be others on another worker.
if hasattr(providers, "_get_local_constants"):
    providers._get_local_constants = lambda: providers._local_constants


def examples(count: int) -> settings:
    """So many inputs in an exhaustive run, a tenth of them every day, PROPERTIES times as many by hand."""
    return settings(PROFILE, max_examples=-(-count * PROFILE.max_examples // 100))
