"""The secret key: which project it names, and what it may do."""

from __future__ import annotations

import re

from reconciler.simulator.wire import ApiError, Request

PROJECTS = ("production", "sandbox")
_KEY = re.compile(r"Bearer +((?:test_)?sk_\S+)", re.IGNORECASE | re.ASCII)


def project_of(request: Request) -> str:
    """The project of the bearer's key: `sk_…` is production, `test_sk_…` sandbox [seed].

    401 without a well-formed key; 403 for a key that may not. That `sk_readonly…` may only GET and `sk_forbidden…`
    may nothing is the simulator's own (choice), so that both answers can be had.
    """
    bearer = _KEY.fullmatch(request.authorization or "")
    if bearer is None:
        raise ApiError(401, "control_unauthorized", "A Secret Key is required: Authorization: Bearer sk_… or test_sk_…")
    key = bearer[1]
    bare = key.removeprefix("test_")
    if bare.startswith("sk_forbidden") or (bare.startswith("sk_readonly") and request.method != "GET"):
        raise ApiError(403, "control_forbidden", "This key may not do that")
    return PROJECTS[key.startswith("test_")]
