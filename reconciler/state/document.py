"""The state as text: sorted JSON, made to be read in a diff. What is not understood is refused, never guessed."""

from __future__ import annotations

import json
from typing import Any

from reconciler.errors import StateUnusable
from reconciler.model.memory import Entry, Memory

FORMAT_VERSION = 1


def to_text(memory: Memory) -> str:
    """The document of a memory."""
    document = {
        "format_version": FORMAT_VERSION,
        "environment": memory.environment,
        "lineage": memory.lineage,
        "serial": memory.serial,
        "plan": memory.plan,
        "resources": {address: entry_document(entry) for address, entry in memory.entries.items()},
    }
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def entry_document(entry: Entry) -> dict[str, Any]:
    """One entry as JSON."""
    document: dict[str, Any] = {
        "id": entry.id,
        "protected": entry.protected,
        "depends_on": list(entry.depends_on),
        "applied": dict(entry.applied),
    }
    return document | ({"superseded": list(entry.superseded)} if entry.superseded else {})


def from_text(text: str, environment: str, where: str) -> Memory:
    """The memory in a document. StateUnusable where it is damaged, newer, or of another environment."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _damaged(where, str(error)) from error
    version = document.get("format_version") if isinstance(document, dict) else None
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise StateUnusable(
            f"{where}: written by a newer reconciler (format {version}, this one reads {FORMAT_VERSION})",
            hint="upgrade reconciler, or bring back the version of the file that this one wrote",
        )
    if version != FORMAT_VERSION:
        raise _damaged(where, "it bears no format_version")
    try:
        memory = _memory(document)
    except (KeyError, TypeError, AttributeError) as error:
        raise _damaged(where, f"{type(error).__name__}: {error}") from error
    if memory.environment != environment:
        raise StateUnusable(
            f"{where}: this is the state of the environment {memory.environment}, not of {environment}",
            hint="give each environment a state of its own in reconciler.yaml",
        )
    return memory


def entry_from(document: dict[str, Any]) -> Entry:
    """One entry from JSON; KeyError, TypeError or AttributeError where it is none."""
    return Entry(
        id=_text(document["id"]),
        applied=dict(document["applied"]),
        protected=document["protected"] is True,
        depends_on=tuple(map(_text, document["depends_on"])),
        superseded=tuple(map(_text, document.get("superseded", ()))),
    )


def _memory(document: dict[str, Any]) -> Memory:
    entries = {str(address): entry_from(each) for address, each in document["resources"].items()}
    return Memory(
        environment=_text(document["environment"]),
        lineage=_text(document["lineage"]),
        serial=int(document["serial"]),
        entries=entries,
        plan=_text(document.get("plan", "")),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} stands where a text is expected")
    return value


def _damaged(where: str, why: str) -> StateUnusable:
    return StateUnusable(
        f"{where}: the state is damaged ({why})",
        hint="bring the file back from your last commit or backup; without any, move it away: "
        "the next plan then adopts what is live by name, and deletes nothing",
    )
