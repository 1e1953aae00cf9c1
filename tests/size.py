"""How much is tried: enough for every day, or all there is (`pytest --exhaustive`)."""

from __future__ import annotations

exhaustive = False
"""Set from the command line, before any test is collected."""
