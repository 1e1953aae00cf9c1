"""A plan, what became of it, and a failure as the comment under a pull request; drift as an issue."""

from reconciler.output.markdown.several import all_applied_markdown, drifts_markdown, plans_markdown

__all__ = ["all_applied_markdown", "drifts_markdown", "plans_markdown"]
