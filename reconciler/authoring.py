"""Strings together what writes a user's YAML: `import` of a live object, `drift --adopt` of live values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler import errands, pipeline
from reconciler.api import Reader
from reconciler.config.check import objections
from reconciler.config.files import Disk, configuration_files
from reconciler.config.reading import Reading
from reconciler.edit import Edit, add_import, add_resource, set_values
from reconciler.errors import ConfigurationInvalid, Problem, Refused, WrongUsage, did_you_mean
from reconciler.export import block_of
from reconciler.kinds import KINDS, Kind
from reconciler.model.desired import Fields, kind_of
from reconciler.model.drift import Drift, Drifted
from reconciler.model.live import Live, Record
from reconciler.model.memory import object_name
from reconciler.observe import observe_remembered
from reconciler.plan import Options, deleted_before
from reconciler.regular_files import Unreadable
from reconciler.session import Session
from reconciler.state.upkeep import remembered


@dataclass(frozen=True, slots=True)
class Written:
    """The files that were written, and what a person has to see to."""

    files: tuple[Path, ...]
    left: tuple[str, ...] = ()


def import_object(session: Session, address: str, object_id: str, file: Path | None) -> Written:
    """Writes the block of YAML for a live object, and the `imports` line that says which object it means.

    Refused where the key is written already or the object is managed; WrongUsage where it is not live.
    """
    kind = _kind(address)
    memory = remembered(session.store, session.read_state())[1]
    addresses = {(kind_of(name), entry.id): name for name, entry in memory.entries.items()}
    if (kind.name, object_id) in addresses:
        raise Refused(f"{object_id} is managed already, as {addresses[kind.name, object_id]}")
    lookups = [each.lookup for _, each in kind.reference_fields()]
    asked = [(kind.name, object_id)]
    live = observe_remembered(Reader(session.door), KINDS.values(), memory, lambda: lookups, also=asked)
    record = live.records[kind.name].get(object_id)
    tombstone = memory.tombstones.get(object_name(kind.name, object_id))
    if record is None and tombstone is not None and tombstone.deleted:
        raise Refused(f"{deleted_before(object_id, tombstone)}, and the API never uses an id again")
    if record is None:
        raise WrongUsage(f"there is no live {kind.name} {object_id}{did_you_mean(object_id, live.records[kind.name])}")
    fields, left = _writable(kind, record, live, addresses)
    texts = {path.resolve(): text for path, text in _texts(session).items()}
    target = (file or session.configuration.folder / f"{kind.section}.yaml").resolve()
    texts.setdefault(target, _text(target) if target.exists() else "")
    added = add_resource(texts, target, kind.section, address.partition(".")[2], fields)
    edit = add_import(target, added.after, address, object_id)
    return Written(_write([Edit(target, added.before, edit.after)]), left)


def adopt_drift(session: Session) -> tuple[Drift, Written]:
    """Writes the live values of what somebody changed into the YAML; gives what had changed, and what was written."""
    planned = pipeline.plan(session, Options(to_apply=False))
    found = errands.drift_of(planned)
    addresses = {(kind_of(name), entry.id): name for name, entry in planned.memory.entries.items()}
    resources = session.configuration.merged.resources
    desired = session.configuration.desired(session.environment).resources
    wanted: dict[Path, dict[tuple[str | int, ...], Any]] = defaultdict(dict)
    left: list[str] = []
    for drifted in found.objects:
        if drifted.gone or drifted.address not in resources:
            left.append(f"{drifted.address}: it is not live, or not in the configuration any more: nothing to write")
            continue
        path = Path(resources[drifted.address].place.file)
        wanted[path] |= _values(drifted, desired[drifted.address].fields, planned.live, addresses)
    edits = []
    for path, values in wanted.items():
        adopted = set_values(path, _text(path), values)
        edits.append(adopted.edit)
        left += [str(each.problem) for each in adopted.left]
    return found, Written(_write(edits), tuple(left))


def _kind(address: str) -> Kind:
    kind = KINDS.get(kind_of(address))
    if kind is None or not address.partition(".")[2]:
        raise WrongUsage(f"{address} is no address", hint="expected KIND.KEY, for example report.daily-revenue")
    return kind


def _writable(
    kind: Kind, record: Record, live: Live, addresses: Mapping[tuple[str, str], str]
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The object's fields without those that may be read and not be written, and what is said of these."""
    fields, left = block_of(record, live, addresses), []
    for name, message in objections(kind.name, record.fields):
        if name in fields and not kind.field_named(name).required:
            left.append(f"its {name} is left alone: {message}")
            del fields[name]
    return fields, tuple(left)


def _values(
    drifted: Drifted, written: Fields, live: Live, addresses: Mapping[tuple[str, str], str]
) -> dict[tuple[str | int, ...], Any]:
    """The way to each changed value in the YAML, and what is live there; what stays in a list keeps its place."""
    kind = KINDS[kind_of(drifted.address)]
    block = block_of(live.records[kind.name][drifted.id], live, addresses)
    head = (kind.section, drifted.address.partition(".")[2])
    for name, _ in kind.reference_fields():
        before = [item for item in written.get(name) or () if item in (block.get(name) or ())]
        block[name] = before + [item for item in block.get(name) or () if item not in before]
    referring = {name for name, _ in kind.reference_fields()}
    return {
        (*head, *field.keys): block[str(field.keys[0])] if field.keys[0] in referring else field.live
        for field in drifted.fields
    }


def _texts(session: Session) -> dict[Path, str]:
    files, problems = configuration_files(session.configuration.path)
    if problems:
        raise ConfigurationInvalid(problems)
    return {path: _text(path) for path in files}


def _text(path: Path) -> str:
    try:
        return Reading(Disk(path)).content(path).decode("utf-8")
    except Unreadable as error:
        raise ConfigurationInvalid([Problem(str(path), 0, 0, str(error))]) from error
    except UnicodeDecodeError as error:
        raise ConfigurationInvalid([Problem(str(path), 0, 0, f"cannot be read: {error}")]) from error


def _write(edits: list[Edit]) -> tuple[Path, ...]:
    changed = [edit for edit in edits if edit.is_change]
    for edit in changed:
        if (_text(edit.path) if edit.path.exists() else "") != edit.before:
            raise Refused(f"{edit.path}: it was changed by somebody else meanwhile", hint="try again")
        try:
            edit.path.write_bytes(edit.content)
        except OSError as error:
            raise Refused(f"{edit.path}: cannot be written: {error.strerror}") from error
    return tuple(edit.path for edit in changed)
