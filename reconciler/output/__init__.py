"""Renderers: each shows the same values in its own way, and none decides anything. Each is imported when first used.

The tables name the forms of plans, each with what makes it: a function of the plans of all environments. A single plan
looks as if there were no other environments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.lazy import import_lazily, load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.reports import Applied, Ended, Failure, Review
    from reconciler.output import (
        compared,
        document,
        environments,
        explain,
        findings,
        graph,
        groups,
        listings,
        markdown,
        text,
    )
else:
    __getattr__ = import_lazily(__name__)

RENDERERS = {
    "text": "reconciler.output.environments:render_plans_text",
    "json": "reconciler.output.environments:render_plans_json",
    "html": "reconciler.output.page.page:render_pages",
    "markdown": "reconciler.output.markdown.several:render_plans",
    "sarif": "reconciler.output.findings:render_plans_sarif",
    "github": "reconciler.output.findings:render_annotations",
}
APPLIED = {"html": RENDERERS["html"], "markdown": "reconciler.output.markdown.several:render_all_applied"}
"""The forms that, after an apply, show what was done instead of the plan."""
FAILED = {"markdown": "reconciler.output.markdown.reports:render_failed"}  # the forms that tell why a command failed
FORMS_WITH_NAME = frozenset({"markdown"})  # those that need the configuration's name, also if there is no plan
FORMS = tuple(RENDERERS)
COMMAND_FORMS = frozenset({"github"})  # the forms whose lines are commands to a CI system, and have to work as such
SHOW_COMMIT = frozenset({"json", "html", "markdown"})  # the forms that show the commit of the configuration


def render_plans(ended: Sequence[Ended[Review]], form: str, configuration: str | None = None) -> str:
    """The plans in one of the forms. `configuration`: its name, if no plan says it."""
    if form == "text" and len(ended) == 1 and ended[0].value is not None:
        # The form that is asked for most: what several environments need is not loaded for it.
        return str(load("reconciler.output.text:render_plan_text")(ended[0].value))
    return _render(RENDERERS, form, ended, configuration)


def render_reports(ended: Sequence[Ended[Applied]], form: str, configuration: str | None = None) -> str | None:
    """What was done, in one of the forms; None if the form knows of plans only."""
    return _render(APPLIED, form, ended, configuration) if form in APPLIED else None


def render_failure(failure: Failure, form: str) -> str | None:
    """Why a command failed, in one of the forms; None if the form knows of plans only."""
    return str(load(FAILED[form])(failure)) if form in FAILED else None


def _render(renderers: dict[str, str], form: str, ended: Sequence[Ended[Any]], configuration: str | None) -> str:
    return str(load(renderers[form])(ended, *([configuration] if form in FORMS_WITH_NAME else [])))
