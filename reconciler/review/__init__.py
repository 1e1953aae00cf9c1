"""The review stage: what a person asks of a plan, beside the plan itself."""

from reconciler.review.make import make_review

__all__ = ["make_review"]
