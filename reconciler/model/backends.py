"""The state backends. A new one is a class that implements `state.backend.Backend`, and an entry here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from reconciler.lazy import frozen


@frozen
class BackendType:
    """One backend, as `state: {store: NAME}` chooses it.

    `place` says in the schema where it keeps the state. `settings` are the schemas of its own settings in
    reconciler.yaml, `defaults` their values if they are left out, and `required` says what is expected of those that
    may not be. `implementation` is "module:Class" (see `state.backend.Backend`).
    """

    place: str
    implementation: str
    settings: Mapping[str, Mapping[str, Any]]
    defaults: Mapping[str, str] = field(default_factory=dict)
    required: Mapping[str, str] = field(default_factory=dict)


def _text(description: str, example: str, **limits: Any) -> Mapping[str, Any]:
    return {"type": "string", **limits, "description": description, "examples": [example]}


BACKENDS: Mapping[str, BackendType] = {
    "file": BackendType(
        place="on this machine",
        implementation="reconciler.state.file:FileBackend",
        settings={
            "path": _text(
                "A .json file, or a folder that holds one file an environment. Relative to reconciler.yaml.",
                ".reconciler",
                minLength=1,
            )
        },
    ),
    "git": BackendType(
        place="on a ref of the repository's remote",
        implementation="reconciler.state.git:GitBackend",
        settings={
            "remote": _text("The git remote that holds the state, origin if it is left out.", "origin", minLength=1),
            "author": _text(
                "The author of the state's commits, if git itself knows nobody (user.email, GIT_AUTHOR_EMAIL).",
                "Release Bot <bot@example.com>",
                pattern="^[^<>]+ <[^<>@ ]+@[^<>@ ]+>$",
            ),
        },
        defaults={"remote": "origin"},
    ),
    "object": BackendType(
        place="in a bucket",
        implementation="reconciler.state.object:ObjectBackend",
        settings={
            "url": _text(
                "The state's bucket, and a prefix within it.", "s3://my-bucket/reconciler", pattern="^(s3|gs|az)://[^/]"
            )
        },
        required={"url": "s3://…, gs://… or az://…"},
    ),
}
