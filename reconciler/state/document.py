"""The state as text, which is sorted JSON for a readable diff. What is not understood is refused."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from reconciler.errors import StateUnusable
from reconciler.kinds import KINDS
from reconciler.model.addresses import address_kind
from reconciler.model.inputs import Entry, State, Tombstone
from reconciler.serialization import DecodeError, decode, explain, parse_json, to_json_text

FORMAT_VERSION = 2
OLDEST_VERSION = 1  # Format 1 had no configuration, tombstones, files, commits and stored values.
OPTIONAL: dict[str, Any] = {"superseded": [], "file": "", "commit": "", "stored": {}, "read_back": False, "rules": {}}
OPTIONAL |= {"counts": {}, "counted_at": ""}
"""The optional fields of an entry, with their defaults."""
BRING_BACK = (
    "bring the file back from your last commit or backup; without any, move it away: "
    "the next plan then adopts what is live by name, and deletes nothing"
)


def to_text(state: State) -> str:
    """The document of a state."""
    document = {
        "format_version": FORMAT_VERSION,
        "environment": state.environment,
        "lineage": state.lineage,
        "serial": state.serial,
        "plan": state.plan,
        "configuration": state.configuration,
        "tombstones": dict(state.tombstones),
        "resources": {address: make_entry_document(entry) for address, entry in state.entries.items()},
    } | ({"zone_data": state.zone_data} if state.zone_data else {})
    return to_json_text(document, indented=True, sort_keys=True) + "\n"


def make_entry_document(entry: Entry) -> dict[str, Any]:
    """One entry as JSON, without the optional fields that hold nothing."""
    names = ("id", "protected", "depends_on")
    document = {name: getattr(entry, name) for name in names} | {"applied": dict(entry.applied)}
    return document | {name: value for name in OPTIONAL if (value := getattr(entry, name))}


def read_version(document: Any, newest: int, where: str) -> int:
    """The format of a document, 0 if it has none. StateUnusable if it is newer than `newest`."""
    version = document.get("format_version") if isinstance(document, dict) else None
    if type(version) is int and version > newest:
        text = f"{where}: written by a newer reconciler (format {version}, this one reads {newest})"
        hint = "upgrade reconciler, or bring back the version of the file that this one wrote"
        raise StateUnusable(text, hint=hint)
    return version if type(version) is int else 0


def from_text(text: str | bytes, environment: str, where: str) -> State:
    """The state in a document. StateUnusable if it is damaged, newer, or of another environment."""
    try:
        text = text if isinstance(text, str) else text.decode("utf-8")
        document = parse_json(text)
    except (ValueError, RecursionError) as error:
        raise _make_damage_error(where, explain(error)) from error
    if read_version(document, FORMAT_VERSION, where) < OLDEST_VERSION:
        raise _make_damage_error(where, "it has no valid format_version")
    names = {"resources" if each.name == "entries" else each.name for each in fields(State) if each.name != "unread"}
    unknown = sorted(set(document) - names - {"format_version"})
    if unknown:
        raise _make_damage_error(where, f"state: expected no field {', '.join(unknown)}")
    try:
        resources = decode(dict[str, Any], document.get("resources"), "resources")
        tombstones = decode(dict[str, Any], document.get("tombstones", {}), "tombstones")
        # Format 1 lacked what has a default here.
        state = State(
            environment=decode(str, document.get("environment"), "environment"),
            lineage=decode(str, document.get("lineage"), "lineage"),
            serial=decode(int, document.get("serial"), "serial"),
            entries={parse_address(name, "resources"): parse_entry(each, name) for name, each in resources.items()},
            plan=decode(str, document.get("plan", ""), "plan"),
            configuration=decode(str | None, document.get("configuration"), "configuration"),
            tombstones={name: parse_tombstone(each, name) for name, each in tombstones.items()},
            zone_data=decode(str, document.get("zone_data", ""), "zone_data"),
        )
    except DecodeError as error:
        raise _make_damage_error(where, str(error)) from error
    if state.environment != environment:
        text = f"this is the state of the environment {state.environment}, not of {environment}"
        raise StateUnusable(f"{where}: {text}", hint="give each environment a state of its own in reconciler.yaml")
    return state


def parse_entry(document: Any, address: str) -> Entry:
    """The entry of an address from JSON; DecodeError if it is none."""
    whole = {**OPTIONAL, **document} if isinstance(document, dict) else document
    entry: Entry = decode(Entry, whole, address)
    for each in KINDS[address_kind(address)].fields:
        if each.unordered and each.name in entry.applied:
            decode(list, entry.applied[each.name], f"{address}.applied.{each.name}")
    return entry


def parse_tombstone(document: Any, name: str) -> Tombstone:
    """The tombstone of an object (`kind[id]`); DecodeError if it is none."""
    if address_kind(name) not in KINDS or not name.endswith("]"):
        raise DecodeError(f"tombstones: {name!r} names no object")
    tombstone: Tombstone = decode(Tombstone, document, name)
    return tombstone


def parse_address(value: Any, where: str) -> str:
    """An address from JSON; DecodeError if it names no kind."""
    if not isinstance(value, str) or address_kind(value) not in KINDS or address_kind(value) == value:
        raise DecodeError(f"{where}: {value!r} is no address")
    return value


def _make_damage_error(where: str, why: str) -> StateUnusable:
    return StateUnusable(f"{where}: the state is damaged ({why})", hint=BRING_BACK)
