"""A plan, and what became of it, as one HTML file that needs nothing else: no network, no script to be read."""

from reconciler.output.page.page import AppliedPage, PlanPage

__all__ = ["AppliedPage", "PlanPage"]
