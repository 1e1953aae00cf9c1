"""The review stage: what a person asks of a plan, beside the plan itself."""

from reconciler.review.review import make_review, scopes_of

__all__ = ["make_review", "scopes_of"]
