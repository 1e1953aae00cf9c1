"""A plan, what became of it, and a failure as the comment under a pull request."""

from reconciler.render.markdown.ended import AppliedMarkdown, FailedMarkdown
from reconciler.render.markdown.plan import PlanMarkdown

__all__ = ["AppliedMarkdown", "FailedMarkdown", "PlanMarkdown"]
