"""A plan, what became of it, and a failure as the comment under a pull request; drift as an issue."""

from reconciler.output.markdown.plan import PlanMarkdown
from reconciler.output.markdown.reports import applied_markdown, drift_markdown, failed_markdown

__all__ = ["PlanMarkdown", "applied_markdown", "drift_markdown", "failed_markdown"]
