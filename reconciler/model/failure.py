"""A command that ended in an error, as people are told of it where they look."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.review import Review


@dataclass(frozen=True, slots=True)
class Failure:
    """`command` is `plan` or `apply`, `environment` and `configuration` those that it was for, as far as
    that could be told. `review` is what was planned, None where it did not come so far."""

    command: str
    environment: str
    error: BaseException
    commit: str = ""
    review: Review | None = None
    configuration: str = ""
