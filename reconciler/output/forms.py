"""The forms that a plan can be shown in: a class each, made of a Review and loaded only where it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.apply_report import ApplyReport, Failure
    from reconciler.model.review import Review


def _text() -> Callable[[Review], object]:
    from reconciler.output.text import PlanText  # noqa: PLC0415

    return PlanText


def _json() -> Callable[[Review], object]:
    from reconciler.output.document import PlanJson  # noqa: PLC0415

    return PlanJson


def _html() -> Callable[[Review], object]:
    from reconciler.output.page import PlanPage  # noqa: PLC0415

    return PlanPage


def _html_applied() -> Callable[[Review, ApplyReport], object]:
    from reconciler.output.page import AppliedPage  # noqa: PLC0415

    return AppliedPage


def _markdown() -> Callable[[Review], object]:
    from reconciler.output.markdown import PlanMarkdown  # noqa: PLC0415

    return PlanMarkdown


def _markdown_applied() -> Callable[[Review, ApplyReport], object]:
    from reconciler.output.markdown import AppliedMarkdown  # noqa: PLC0415

    return AppliedMarkdown


def _markdown_failed() -> Callable[[Failure], object]:
    from reconciler.output.markdown import FailedMarkdown  # noqa: PLC0415

    return FailedMarkdown


def _sarif() -> Callable[[Review], object]:
    from reconciler.output.sarif import PlanSarif  # noqa: PLC0415

    return PlanSarif


def _github() -> Callable[[Review], object]:
    from reconciler.output.annotations import PlanAnnotations  # noqa: PLC0415

    return PlanAnnotations


RENDERERS: dict[str, Callable[[], Callable[[Review], object]]] = {
    "text": _text,
    "json": _json,
    "html": _html,
    "markdown": _markdown,
    "sarif": _sarif,
    "github": _github,
}
APPLIED: dict[str, Callable[[], Callable[[Review, ApplyReport], object]]] = {
    "html": _html_applied,
    "markdown": _markdown_applied,
}
"""The forms that, after an apply, show what was done in the plan's place."""

FAILED: dict[str, Callable[[], Callable[[Failure], object]]] = {"markdown": _markdown_failed}
"""The forms that tell why a command failed."""

FORMS = tuple(RENDERERS)
COMMANDS = frozenset({"github"})
"""The forms whose lines are commands to a CI system, and are to work as such on stdout."""


def render_plan(review: Review, form: str) -> str:
    """A plan in one of the forms."""
    return str(RENDERERS[form]()(review))


def render_report(review: Review, report: ApplyReport, form: str) -> str | None:
    """What was done, in one of the forms; None where the form knows of plans only."""
    return str(APPLIED[form]()(review, report)) if form in APPLIED else None


def render_failure(failure: Failure, form: str) -> str | None:
    """Why a command failed, in one of the forms; None where the form knows of plans only."""
    return str(FAILED[form]()(failure)) if form in FAILED else None
