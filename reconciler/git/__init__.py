"""The room of git: the only one that calls it. The user's repository is looked at, and never written to."""

from reconciler.git.repository import repository_top

__all__ = ["repository_top"]
