"""A plan, what became of it, and a failure as the comment under a pull request; drift as an issue."""

from reconciler.output.markdown.several import render_all_applied, render_drifts, render_plans

__all__ = ["render_all_applied", "render_drifts", "render_plans"]
