"""The receipts of earlier applies: made, written as text, read and found."""

from __future__ import annotations

import json
from dataclasses import replace

from reconciler.errors import StateUnusable, WrongUsage
from reconciler.model.addresses import address_kind
from reconciler.model.inputs import Live
from reconciler.model.plan import Plan
from reconciler.model.reports import ApplyReport, Receipt, ReceiptItem, Status
from reconciler.serialization import decode, explain, to_json_text
from reconciler.state.backend import Backend, LockInfo
from reconciler.state.document import parse_address, read_version
from reconciler.state.recorder import Recorder
from reconciler.text import suggest_close


def make_receipt(
    plan: Plan, report: ApplyReport, live: Live, recorder: Recorder, holder: LockInfo, commit: str
) -> Receipt:
    """The receipt of one apply by the holder of its lock. `live` is what was there before it, and `recorder` holds what
    the state has after it."""
    ids, entries = {change.address: change.id for change in plan.changes}, recorder.entries()
    items = []
    for outcome in (each for each in report.outcomes if each.status in (Status.DONE, Status.FAILED)):
        before = live.records[address_kind(outcome.address)].get(ids[outcome.address] or "")
        entry = entries.get(outcome.address)
        items.append(
            ReceiptItem(
                address=outcome.address,
                action=outcome.action,
                status=outcome.status.value,
                reason=outcome.reason,
                id_before=before.id if before else None,
                id_after=entry.id if entry else None,
                before=before.fields if before else None,
                after=entry.applied if entry else None,
                request_ids=outcome.request_ids,
            )
        )
    at, lineage = holder.since, recorder.lineage
    name = f"{recorder.serial:06d}-{at.replace(':', '').replace('-', '')}"
    by = (at, holder.who, holder.where, commit)
    return Receipt(FORMAT_VERSION, name, plan.environment, *by, plan.digest, lineage, plan.allowed, tuple(items))


FORMAT_VERSION = 1
HINT = "bring the file back from your last commit or backup, or move it away: nothing else depends on it"


def to_text(receipt: Receipt) -> str:
    """The document of a receipt: an item a line."""
    items = ",\n".join(map(to_json_text, receipt.items))
    document = to_json_text(replace(receipt, items=()), indented=True)
    return (document.removesuffix("[]\n}") + f"[\n{items}\n]\n}}" if items else document) + "\n"


def from_text(text: bytes, where: str) -> Receipt:
    """The receipt in a document. StateUnusable if it is none, or a newer one."""
    try:
        document = json.loads(text.decode())
        read_version(document, FORMAT_VERSION, where)
        if isinstance(document, dict):
            # The first receipts did not have these.
            document = {"lineage": "", "allowed": [], **document}
        receipt: Receipt = decode(Receipt, document, "receipt")
        for item in receipt.items:
            parse_address(item.address, "receipt")
    except (ValueError, RecursionError) as error:
        raise StateUnusable(f"{where}: this receipt is not understood ({explain(error)})", hint=HINT) from error
    return receipt


def list_receipts(backend: Backend) -> list[Receipt]:
    """The receipts of all applies, the latest first."""
    read = [from_text(text, name) for name, text in backend.receipts().items()]
    return sorted(read, key=lambda receipt: (receipt.at, receipt.id), reverse=True)


def find_receipt(backend: Backend, name: str) -> Receipt:
    """The receipt of that id; `latest` is the last one by its time. WrongUsage if there is none."""
    texts = backend.receipts()
    if name == "latest" and texts:
        return list_receipts(backend)[0]
    if name not in texts:
        close = suggest_close(name, texts)
        raise WrongUsage(f"there is no receipt {name}{close}", hint="`reconciler history` lists them")
    return from_text(texts[name], name)
