"""The forms that a plan can be shown in: a class each, made of a Review and loaded only where it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.review import Review


def _text() -> Callable[[Review], object]:
    from reconciler.render.text import PlanText  # noqa: PLC0415

    return PlanText


def _json() -> Callable[[Review], object]:
    from reconciler.render.document import PlanJson  # noqa: PLC0415

    return PlanJson


RENDERERS: dict[str, Callable[[], Callable[[Review], object]]] = {"text": _text, "json": _json}
FORMS = tuple(RENDERERS)


def shown(review: Review, form: str) -> str:
    """A plan in one of the forms."""
    return str(RENDERERS[form]()(review))
