"""The review stage: what a person asks of a plan, beside the plan itself."""

from reconciler.review.review import find_scopes, make_review

__all__ = ["find_scopes", "make_review"]
