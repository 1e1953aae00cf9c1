"""The plan stage: Desired, Memory and Live → Plan."""

from reconciler.plan.build import Options, make_plan, offers_to
from reconciler.plan.guards import WRONG_PROJECT
from reconciler.plan.offers import unread
from reconciler.plan.reviewed import idle, spent

__all__ = ["WRONG_PROJECT", "Options", "idle", "make_plan", "offers_to", "spent", "unread"]
