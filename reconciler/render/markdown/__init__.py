"""A plan, what became of it, and a failure as the comment under a pull request; drift as an issue."""

from reconciler.render.markdown.drift import DriftMarkdown
from reconciler.render.markdown.ended import AppliedMarkdown, FailedMarkdown
from reconciler.render.markdown.plan import PlanMarkdown

__all__ = ["AppliedMarkdown", "DriftMarkdown", "FailedMarkdown", "PlanMarkdown"]
