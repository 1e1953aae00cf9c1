"""The plan stage: Desired, Memory and Live → Plan."""

from reconciler.plan.blocks import completed, unused
from reconciler.plan.build import Options, make_plan, offers_to
from reconciler.plan.destinations import unread
from reconciler.plan.guards import VANISHED, WRONG_PROJECT
from reconciler.plan.identity import deleted_before

__all__ = [
    "VANISHED",
    "WRONG_PROJECT",
    "Options",
    "completed",
    "deleted_before",
    "make_plan",
    "offers_to",
    "unread",
    "unused",
]
