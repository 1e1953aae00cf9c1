"""Calls git. Nothing else does. The user's repository is read, and never written to."""

from reconciler.git.repository import repository_top

__all__ = ["repository_top"]
