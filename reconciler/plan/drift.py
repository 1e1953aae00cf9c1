"""Compares what is live with what was applied last, and reverts what a receipt says was applied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.errors import Location
from reconciler.kinds import KINDS
from reconciler.kinds.comparison import Difference, find_differences, is_same_value, is_within
from reconciler.kinds.normalization import is_certain, may_be_normal_form
from reconciler.kinds.references import with_references
from reconciler.model.addresses import ObjectRef, address_kind, is_address
from reconciler.model.inputs import Desired, Entry, Lifecycle, Live, Resource, State, list_managed
from reconciler.model.plan import Action, Change, Plan
from reconciler.model.reports import Receipt, ReceiptItem, Status
from reconciler.model.results import Drift, Drifted, DriftedField

NEXT_APPLY = {
    Action.CREATE: "the next apply creates it again",
    Action.UPDATE: "the next apply sets it back",
    Action.REPLACE: "the next apply replaces the object",
    Action.DELETE: "the next apply deletes the object",
    Action.FORGET: "the next apply forgets it",
    Action.MANUAL: "the next apply leaves it: a person has to change it",
    Action.ADOPT: "the next apply leaves it",
}
STAYS = "the next apply leaves it: it is as it is written, or not managed any more"
IGNORED = "the next apply leaves it: ignore_changes holds it"
ADOPTED = "the YAML says so now, and the next apply leaves it"
SET_TO_OTHER = "the next apply sets it to another value"


def compare_state(state: State, live: Live, plan: Plan) -> Drift:
    """What changed outside since the last apply, and what `plan` would do about it."""
    changes = {plan.moved.get(change.address, change.address): change for change in plan.changes}
    ignored = {(plan.moved.get(each.address, each.address), each.path): each for each in plan.ignored}
    found: list[Drifted] = []
    for address, entry in sorted(state.entries.items()):
        kind, change = KINDS[address_kind(address)], changes.get(address)
        todo = NEXT_APPLY[change.action] if change else STAYS
        record = live.records[kind.name].get(entry.id)
        if record is None:
            name = str(entry.applied.get(kind.identity.name_field, address))
            found.append(Drifted(address, entry.id, name, True, None, (), todo))
            continue
        after = plan.refresh.get(address) or (change.remember if change else None)
        fields = []
        for each in find_differences(kind, entry.applied, record.fields, entry):
            # A UTC time that the local time has now is no drift, although we have not written it.
            path, rule = each.path, entry.rules.get(each.path)
            is_clock = rule and after and after.rules.get(path) == rule and after.applied.get(path) == each.before
            if is_certain(each) and not may_be_normal_form(each, entry) and not is_clock:
                following = IGNORED if (address, path) in ignored else _describe_next(each, change)
                fields.append(DriftedField(path, each.key_path, each.after, each.before, following))
        if fields:
            when = record.raw.get(kind.changed_at)
            changed_at = when if isinstance(when, str) else None
            found.append(Drifted(address, record.id, record.name, False, changed_at, tuple(fields), todo))
    shown = {(each.address, field.path) for each in found for field in each.fields}
    kept = tuple(each for place, each in ignored.items() if place not in shown)
    configuration, compared = state.configuration or "", len(state.entries)
    return Drift(state.environment, compared, tuple(found), configuration, plan.api, plan.labels, kept)


def _describe_next(difference: Difference, change: Change | None) -> str:
    if change is None or change.action is not Action.UPDATE:
        return NEXT_APPLY[change.action] if change else STAYS
    planned = next((each for each in change.fields if each.path == difference.path), None)
    if planned is None:
        path = difference.path
        around = any(is_within(each.path, path) or is_within(path, each.path) for each in change.fields)
        return SET_TO_OTHER if around else STAYS
    is_back = is_same_value(difference.field, planned.after, difference.after)
    return NEXT_APPLY[Action.UPDATE] if is_back else SET_TO_OTHER


def plan_undo(receipt: Receipt, entries: Mapping[str, Entry]) -> Desired:
    """The resources of the state with a receipt reverted, to make a plan from. Warnings name what is lost for good."""
    wanted = {address: {**entry.applied, **entry.rules} for address, entry in entries.items()}
    warnings = [f"this undoes the apply {receipt.id}; revert the YAML too, or the next plan makes the changes again"]
    done = [item for item in receipt.items if item.status == Status.DONE]
    for item in done:
        _revert(item, wanted, entries.get(item.address))
    for item in receipt.items:
        warnings += _describe_losses(item)
    # Ids become references, so that who refers to a new object gets its new id.
    objects = list_managed(entries)
    ended = (each for each in done if each.action in ("delete", "replace"))
    objects |= {ObjectRef.at(each.address, each.id_before): each.address for each in ended if each.id_before}
    objects = {ref: address for ref, address in objects.items() if address in wanted}
    replaced = {item.address for item in done if item.action == "replace"}
    place = Location(f"receipt {receipt.id}", 1, 1)
    resources = {}
    for address, fields in sorted(wanted.items()):
        kind = address_kind(address)
        # An undo replaces only what its apply has replaced: a person may have renamed the object since.
        lifecycle = Lifecycle(address in entries and entries[address].protected, replace=address in replaced)
        written = with_references(KINDS[kind], fields, objects)
        resources[address] = Resource(address, kind, written, place, lifecycle)
    return Desired(resources, warnings=tuple(warnings))


def _revert(item: ReceiptItem, wanted: dict[str, dict[str, Any]], known: Entry | None) -> None:
    """Puts the values before a change into what is wanted. What was changed since then in other fields stays."""
    before, _ = _find_writable(item)
    if item.action == "create":
        wanted.pop(item.address, None)
    elif item.before is None:
        return
    elif item.action == "delete":
        if is_address(item.address):
            wanted[item.address] = before
    elif item.address in wanted:
        kind, fields = KINDS[address_kind(item.address)], wanted[item.address]
        changed = {each.field.name: each.field for each in find_differences(kind, item.after or {}, before, known)}
        both = changed.keys() & before.keys() & fields.keys()
        fields |= {name: _without_new_keys(before[name], fields[name]) for name in both}
        new = changed.keys() & fields.keys() - before.keys()
        fields |= {name: None for name in new if "null" in changed[name].schema.get("type", ())}


def _without_new_keys(before: Any, known: Any) -> Any:
    """A value as it was before. Keys that are new since are null, or they would count as unmanaged and stay."""
    if not (isinstance(before, dict) and isinstance(known, dict)):
        return before
    news = {key: None for key in known if key not in before}
    return {key: _without_new_keys(value, known.get(key)) for key, value in before.items()} | news


def _find_writable(item: ReceiptItem) -> tuple[dict[str, Any], str]:
    """The fields before, and in words the value among them that only the server sets (`error`), empty if there is none:
    it becomes the placeholder of a new object."""
    fields = dict(item.before or {})
    name, sub_endpoint = KINDS[address_kind(item.address)].words or ("", None)
    value = fields.get(name)
    if value is None or sub_endpoint is None or value in [*sub_endpoint.words]:
        return fields, ""
    del fields[name]
    if item.action == "delete" and sub_endpoint.placeholder is not None:
        fields[name] = sub_endpoint.placeholder
    return fields, f"its {name} {value!r}, which only the server sets"


def _describe_losses(item: ReceiptItem) -> list[str]:
    """What an undo does not bring back, each with its address."""
    kind, address, old = KINDS[address_kind(item.address)], item.address, item.id_before
    if item.status != Status.DONE:
        note = f"its {item.action} was not done, or in part only, and is not taken back"
        return [f"{address}: {note}: look at it yourself"]
    if item.action == "delete" and not is_address(item.address):
        return [f"{address}: it was not managed, so no new one is made; how it was is in the receipt"]
    note = ""
    if item.action == "delete" and item.before is not None:
        note = f"a new object is made; what cannot come back: {kind.messages.lost_on_delete} ({old})"
    elif item.action == "replace":
        note = f"the old object {old} cannot come back, nor {kind.messages.lost_on_delete}: a third one is made"
    elif item.action == "adopt":
        note = "it was taken under management, and stays so; `reconciler state rm` or `mv` takes that back"
    elif item.action == "forget":
        note = "it was forgotten; an `imports` block brings it back under management"
    _, lost = _find_writable(item)
    return [f"{address}: {each}" for each in (note, f"what cannot come back: {lost}" if lost else "") if each]
