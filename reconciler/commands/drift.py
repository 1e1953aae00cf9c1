"""What somebody changed since the last apply, and that written into the YAML."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from reconciler.commands.edits import Written, read_text, write_edits
from reconciler.commands.plan import Planned, plan, refuse
from reconciler.commands.session import Session
from reconciler.kinds import KINDS
from reconciler.kinds.references import ReferenceResolver
from reconciler.model.inputs import Fields, Live, address_kind
from reconciler.model.reports import Drift, Drifted
from reconciler.plan.drift import drift
from reconciler.plan.export import make_block
from reconciler.plan.guards import VANISHED, WRONG_PROJECT, Options
from reconciler.yaml.edit import set_values


def find_drift(planned: Planned) -> Drift:
    """What somebody changed since the last apply. Refused where this looks like another project, or like a list that is
    short: then all is "gone"."""
    wrong = tuple(refusal for refusal in planned.plan.refusals if refusal.guard in (WRONG_PROJECT, VANISHED))
    refuse(replace(planned.plan, refusals=wrong))
    return drift(planned.state, planned.live, planned.plan)


def read_drift(session: Session) -> Drift:
    """What somebody changed since the last apply. Refused as `find_drift` is."""
    return find_drift(plan(session, Options(to_apply=False)))


def adopt_drift(session: Session) -> tuple[Drift, Written]:
    """Writes the live values of what somebody changed into the YAML; gives what had changed, and what was written."""
    planned = plan(session, Options(to_apply=False))
    found = find_drift(planned)
    addresses = {(address_kind(name), entry.id): name for name, entry in planned.state.entries.items()}
    resources = session.configuration.merged.resources
    desired = session.configuration.desired(session.environment).resources
    wanted: dict[Path, dict[tuple[str | int, ...], Any]] = defaultdict(dict)
    left: list[str] = []
    for drifted in found.objects:
        if drifted.gone or drifted.address not in resources:
            left.append(f"{drifted.address}: it is not live, or not in the configuration any more: nothing to write")
            continue
        path = Path(resources[drifted.address].location.file)
        wanted[path] |= _values(drifted, desired[drifted.address].fields, planned.live, addresses)
    edits = []
    for path, values in wanted.items():
        adopted = set_values(path, read_text(path), values)
        edits.append(adopted.edit)
        left += map(str, adopted.left.values())
    return found, Written(write_edits(edits), tuple(left))


def _values(
    drifted: Drifted, written: Fields, live: Live, addresses: Mapping[tuple[str, str], str]
) -> dict[tuple[str | int, ...], Any]:
    """The way to each changed value in the YAML, and what is live there; what stays in a list keeps its place."""
    kind = KINDS[address_kind(drifted.address)]
    record, resolver = live.records[kind.name][drifted.id], ReferenceResolver(live)
    block = make_block(record, live, addresses)
    head = (kind.section, drifted.address.partition(".")[2])
    for name, reference in kind.reference_fields():
        pairs = list(zip(block.get(name) or (), record.fields.get(name) or (), strict=True))
        sent = [(item, resolver.as_sent(reference, item)) for item in written.get(name) or ()]
        before = [(item, meant) for item, meant in sent if any(meant in pair for pair in pairs)]
        known = [meant for _, meant in before]
        block[name] = [item for item, _ in before] + [pair[0] for pair in pairs if not any(e in known for e in pair)]
    referring = {name for name, _ in kind.reference_fields()}
    return {
        (*head, *field.keys): block[str(field.keys[0])] if field.keys[0] in referring else field.live
        for field in drifted.fields
    }
