"""A plan, what became of it, and a failure as the comment under a pull request; drift as an issue."""

from reconciler.output.markdown.drift import DriftMarkdown
from reconciler.output.markdown.ended import AppliedMarkdown, FailedMarkdown
from reconciler.output.markdown.plan import PlanMarkdown

__all__ = ["AppliedMarkdown", "DriftMarkdown", "FailedMarkdown", "PlanMarkdown"]
