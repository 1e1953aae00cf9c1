"""The plan stage: Desired, Memory and Live → Plan."""

from reconciler.plan.build import Options, make_plan
from reconciler.plan.warnings import spent

__all__ = ["Options", "make_plan", "spent"]
