"""The forms that a plan can be shown in: a class each, made of a Review and loaded only when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.lazy import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.reports import Applied, Ended, Failure, Review

RENDERERS = {
    "text": "reconciler.output.text:PlanText",
    "json": "reconciler.output.document:plan_json",
    "html": "reconciler.output.page.page:page",
    "markdown": "reconciler.output.markdown:PlanMarkdown",
    "sarif": "reconciler.output.findings:plan_sarif",
    "github": "reconciler.output.findings:plan_annotations",
}
APPLIED = {"html": "reconciler.output.page.page:page", "markdown": "reconciler.output.markdown:applied_markdown"}
"""The forms that, after an apply, show what was done instead of the plan."""
SEVERAL = {
    "text": "reconciler.output.environments:plans_text",
    "json": "reconciler.output.environments:plans_json",
    "html": "reconciler.output.page.pages:pages",
    "markdown": "reconciler.output.markdown:plans_markdown",
    "sarif": "reconciler.output.findings:plans_sarif",
    "github": "reconciler.output.findings:plans_annotations",
}
"""The same forms, of the plans of several environments."""
SEVERAL_APPLIED = {
    "html": "reconciler.output.page.pages:pages",
    "markdown": "reconciler.output.markdown:all_applied_markdown",
}
NAMED = frozenset({"markdown"})
"""The forms of several environments that need the configuration's name, also if no environment has a plan."""
FAILED = {"markdown": "reconciler.output.markdown:failed_markdown"}
"""The forms that tell why a command failed."""
FORMS = tuple(RENDERERS)
COMMANDS = frozenset({"github"})
"""The forms whose lines are commands to a CI system, and are to work as such on stdout."""
WRONG_PROJECT = "wrong-project"
SHOW_COMMIT = frozenset({"json", "html", "markdown"})
"""The forms that show the commit of the configuration."""


def _render(name: str, *values: object) -> str:
    """What the renderer `module:Class` makes of the values."""
    return str(load(name)(*values))


def render_plan(review: Review, form: str) -> str:
    """A plan in one of the forms; as text it is only counted if it was made with another project's objects."""
    if form == "text" and any(refusal.guard == WRONG_PROJECT for refusal in review.plan.refusals):
        order = load("reconciler.model.plan:SUMMARY_ORDER")
        return f"Plan: {load('reconciler.output.labels:title')(review.plan, order=order)}"
    return _render(RENDERERS[form], review)


def render_plans(ended: Sequence[Ended[Review]], form: str, configuration: str | None = None) -> str:
    """The plan of one environment, or those of several, in one of the forms. `configuration`: its name, if none has
    it."""
    only = ended[0].value if len(ended) == 1 else None
    if only is not None:
        return render_plan(only, form)
    return _render(SEVERAL[form], ended, *([configuration] if form in NAMED else []))


def render_reports(ended: Sequence[Ended[Applied]], form: str, configuration: str | None = None) -> str | None:
    """What was done, for one environment or several, in one of the forms; None if the form knows of plans only."""
    if form not in APPLIED:
        return None
    only = ended[0].value if len(ended) == 1 else None
    if only is not None:
        return _render(APPLIED[form], only.review, only.report)
    return _render(SEVERAL_APPLIED[form], ended, *([configuration] if form in NAMED else []))


def render_failure(failure: Failure, form: str) -> str | None:
    """Why a command failed, in one of the forms; None if the form knows of plans only."""
    return _render(FAILED[form], failure) if form in FAILED else None
