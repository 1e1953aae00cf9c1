"""The plan stage: Desired, Memory and Live → Plan."""

from reconciler.plan.build import Options, make_plan
from reconciler.plan.guards import WRONG_PROJECT
from reconciler.plan.warnings import spent

__all__ = ["WRONG_PROJECT", "Options", "make_plan", "spent"]
