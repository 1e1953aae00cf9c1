"""The plan stage: Desired, Memory and Live → Plan."""

from typing import TYPE_CHECKING

from reconciler.lazy import lazy_submodules
from reconciler.plan.build import keep_only, make_plan, offers_to
from reconciler.plan.guards import VANISHED, WRONG_PROJECT, Options
from reconciler.plan.identity import deleted_before
from reconciler.plan.references import unread
from reconciler.plan.warnings import completed, unused

if TYPE_CHECKING:
    from reconciler.plan import approval, drift, plan_file
else:
    __getattr__ = lazy_submodules(__name__)

__all__ = [
    "VANISHED",
    "WRONG_PROJECT",
    "Options",
    "approval",
    "completed",
    "deleted_before",
    "drift",
    "keep_only",
    "make_plan",
    "offers_to",
    "plan_file",
    "unread",
    "unused",
]
