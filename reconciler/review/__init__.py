"""The review stage: what a person asks of a plan, beside the plan itself."""

from reconciler.review.make import make_review
from reconciler.review.scope import scopes_of

__all__ = ["make_review", "scopes_of"]
