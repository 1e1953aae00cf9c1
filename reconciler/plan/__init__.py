"""The plan stage: Desired, Memory and Live → Plan."""

from reconciler.plan.build import Options, make_plan

__all__ = ["Options", "make_plan"]
