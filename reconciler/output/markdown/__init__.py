"""A plan, what became of it, and a failure as the comment under a pull request; drift as an issue."""

from reconciler.output.markdown.plan import PlanMarkdown
from reconciler.output.markdown.reports import applied_markdown, drift_markdown, failed_markdown
from reconciler.output.markdown.several import all_applied_markdown, drifts_markdown, plans_markdown

__all__ = [
    "PlanMarkdown",
    "all_applied_markdown",
    "applied_markdown",
    "drift_markdown",
    "drifts_markdown",
    "failed_markdown",
    "plans_markdown",
]
