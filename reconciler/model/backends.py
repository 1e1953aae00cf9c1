"""The state backends. A new one is a class that implements `state.backend.Backend`, and an entry here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class BackendType:
    """One backend, as `state: {store: NAME}` chooses it.

    `place` says in the schema where it keeps the state. `settings` are the schemas of its own settings in
    reconciler.yaml, `defaults` their values if they are left out, and `required` says what is expected of those that
    may not be. `implementation` is "module:Class"; the class has `open` (see `state.backends`).
    """

    place: str
    implementation: str
    settings: Mapping[str, Mapping[str, Any]]
    defaults: Mapping[str, str] = field(default_factory=dict)
    required: Mapping[str, str] = field(default_factory=dict)


BACKENDS: Mapping[str, BackendType] = {
    "file": BackendType(
        place="on this machine",
        implementation="reconciler.state.file:FileBackend",
        settings={
            "path": {
                "type": "string",
                "minLength": 1,
                "description": "A .json file, or a folder that holds one file an environment. "
                "Relative to reconciler.yaml.",
                "examples": [".reconciler"],
            },
        },
    ),
    "git": BackendType(
        place="on a ref of the repository's remote",
        implementation="reconciler.state.git:GitBackend",
        settings={
            "remote": {
                "type": "string",
                "minLength": 1,
                "description": "git: the remote that holds the state, origin if it is left out.",
                "examples": ["origin"],
            },
            "author": {
                "type": "string",
                "pattern": "^[^<>]+ <[^<>@ ]+@[^<>@ ]+>$",
                "description": "git: who commits the state, if git itself knows nobody (user.email, GIT_AUTHOR_EMAIL).",
                "examples": ["Release Bot <bot@example.com>"],
            },
        },
        defaults={"remote": "origin"},
    ),
    "object": BackendType(
        place="in a bucket",
        implementation="reconciler.state.object:ObjectBackend",
        settings={
            "url": {
                "type": "string",
                "pattern": "^(s3|gs|az)://[^/]",
                "description": "object: the bucket, and a prefix within it.",
                "examples": ["s3://my-bucket/reconciler"],
            },
        },
        required={"url": "s3://…, gs://… or az://…"},
    ),
}
