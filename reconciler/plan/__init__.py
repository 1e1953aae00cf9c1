"""The plan stage: Desired, Memory and Live → Plan."""

from reconciler.plan.build import Options, make_plan, offers_to
from reconciler.plan.guards import VANISHED, WRONG_PROJECT
from reconciler.plan.identity import deleted_before
from reconciler.plan.offers import unread
from reconciler.plan.reviewed import idle, spent

__all__ = [
    "VANISHED",
    "WRONG_PROJECT",
    "Options",
    "deleted_before",
    "idle",
    "make_plan",
    "offers_to",
    "spent",
    "unread",
]
