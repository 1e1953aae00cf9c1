"""The plan stage: Desired, Memory and Live → Plan."""

from typing import TYPE_CHECKING

from reconciler.lazy import lazy_submodules
from reconciler.plan.blocks import completed, unused
from reconciler.plan.build import Options, keep_only, make_plan, offers_to
from reconciler.plan.destinations import unread
from reconciler.plan.guards import VANISHED, WRONG_PROJECT
from reconciler.plan.identity import deleted_before

if TYPE_CHECKING:
    from reconciler.plan import approval, plan_file, undo
else:
    __getattr__ = lazy_submodules(__name__)

__all__ = [
    "VANISHED",
    "WRONG_PROJECT",
    "Options",
    "approval",
    "completed",
    "deleted_before",
    "keep_only",
    "make_plan",
    "offers_to",
    "plan_file",
    "undo",
    "unread",
    "unused",
]
