"""What somebody changed since the last apply, and that written into the YAML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from reconciler.commands.adopt import Adoption, Value
from reconciler.commands.edits import Written
from reconciler.commands.plan import Planned, plan, refuse
from reconciler.commands.session import Session
from reconciler.config.schema_problems import find_violations
from reconciler.kinds import KINDS
from reconciler.kinds.comparison import value_at
from reconciler.kinds.references import ReferenceResolver
from reconciler.model.inputs import Fields, Live, ObjectRef, address_kind
from reconciler.model.results import Drift, Drifted
from reconciler.plan.drift import ADOPTED, compare_state
from reconciler.plan.export import find_writable_fields, make_blocks
from reconciler.plan.guards import VANISHED, WRONG_PROJECT, Options
from reconciler.review.health import find_health
from reconciler.yaml import KeyPath


def find_drift(planned: Planned, now: datetime) -> Drift:
    """What somebody changed, and what does not deliver. Refused if it looks like another project or a short list."""
    wrong = tuple(refusal for refusal in planned.plan.refusals if refusal.guard in (WRONG_PROJECT, VANISHED))
    refuse(replace(planned.plan, refusals=wrong))
    found = compare_state(planned.state, planned.live, planned.plan)
    return replace(found, health=find_health(planned.state, planned.live, now))


def read_drift(session: Session) -> Drift:
    """What somebody changed since the last apply. Refused as `find_drift` is."""
    return find_drift(plan(session, Options(to_apply=False)), session.transport.clock())


def adopt_drift(session: Session) -> tuple[Drift, Written]:
    """Writes the live values of what somebody changed into the YAML; gives what had changed, and what was written."""
    planned = plan(session, Options(to_apply=False))
    found = find_drift(planned, session.transport.clock())
    addresses = ObjectRef.managed(planned.state.entries)
    resources = session.configuration.desired(session.environment).resources
    blocks: dict[str, Fields] = {}
    values: dict[str, dict[KeyPath, Any]] = {}
    left: list[str] = []
    for drifted in found.objects:
        if drifted.gone or drifted.address not in resources:
            left.append(f"{drifted.address}: it is not live, or not in the configuration any more: nothing to write")
            continue
        block = _block(drifted, resources[drifted.address].fields, planned.live, addresses)
        blocks[drifted.address] = block
        found_values = _values(drifted, block)
        for name, message in find_violations(address_kind(drifted.address), block):
            if name in {keys[0] for keys in found_values}:
                left.append(f"{drifted.address}: its {name} is left alone: {message}")
                found_values = {keys: value for keys, value in found_values.items() if keys[0] != name}
        values[drifted.address] = found_values
    adoption = Adoption(session, blocks)
    written = adoption.write(values)
    objects = tuple(_marked(each, adoption.accepted) for each in found.objects)
    written = replace(written, left=(*left, *written.left))
    return replace(found, objects=objects, also_changed=written.also_changed), written


def _marked(drifted: Drifted, accepted: Sequence[Value]) -> Drifted:
    ways = [each.keys for each in accepted if each.address == drifted.address]
    marked = (replace(at, next=ADOPTED) if any(at.keys[: len(w)] == w for w in ways) else at for at in drifted.fields)
    return replace(drifted, fields=tuple(marked))


def _block(drifted: Drifted, written: Fields, live: Live, addresses: Mapping[ObjectRef, str]) -> dict[str, Any]:
    """What is live, as it is written in YAML; what stays in a list of references keeps its place."""
    kind = KINDS[address_kind(drifted.address)]
    record, resolver = live.records[kind.name][drifted.id], ReferenceResolver(live)
    block = make_blocks({record.ref: find_writable_fields(record)}, live, addresses)[record.ref]
    for name, reference in kind.reference_fields:
        if reference.path:
            continue
        pairs = list(zip(block.get(name) or (), record.fields.get(name) or (), strict=True))
        sent = [(item, resolver.as_sent(reference, item)) for item in written.get(name) or ()]
        before = [(item, target) for item, target in sent if any(target in pair for pair in pairs)]
        known = [target for _, target in before]
        block[name] = [item for item, _ in before] + [pair[0] for pair in pairs if not any(e in known for e in pair)]
    return block


def _values(drifted: Drifted, block: Fields) -> dict[KeyPath, Any]:
    """The keys of each changed value, and what is live there; a list of references is one value."""
    places = {(name, *each.path) for name, each in KINDS[address_kind(drifted.address)].reference_fields}
    return {
        field.keys: value_at(block, field.keys) if tuple(field.keys) in places else field.live
        for field in drifted.fields
    }
