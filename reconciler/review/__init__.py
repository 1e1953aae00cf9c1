"""The review stage: what a person asks of a plan, beside the plan itself."""

from typing import TYPE_CHECKING

from reconciler.lazy import lazy_submodules
from reconciler.review.review import find_scopes, make_review

if TYPE_CHECKING:
    from reconciler.review import impact
else:
    __getattr__ = lazy_submodules(__name__)

__all__ = ["find_scopes", "impact", "make_review"]
