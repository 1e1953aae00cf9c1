"""Calls git. Nothing else does. The user's repository is read, and never written to."""

from typing import TYPE_CHECKING

from reconciler.git.repository import repository_top
from reconciler.lazy import lazy_submodules

if TYPE_CHECKING:
    from reconciler.git import checkout
else:
    __getattr__ = lazy_submodules(__name__)

__all__ = ["checkout", "repository_top"]
