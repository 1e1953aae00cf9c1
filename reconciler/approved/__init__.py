"""The approved stage: what a reviewer said yes to, held against what is planned now, in words."""

from reconciler.approved.differences import require_approved
from reconciler.approved.reading import Approved, read_approved

__all__ = ["Approved", "read_approved", "require_approved"]
