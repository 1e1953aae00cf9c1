"""Receipts as JSON text."""

from __future__ import annotations

import json
from dataclasses import replace

from reconciler.errors import StateUnusable
from reconciler.json_text import json_text, unreadable
from reconciler.kinds import KINDS
from reconciler.model.decode import decode
from reconciler.model.desired import kind_of
from reconciler.model.receipt import Receipt

FORMAT_VERSION = 1
HINT = "bring the file back from your last commit or backup, or move it away: nothing else depends on it"


def to_text(receipt: Receipt) -> str:
    """The document of a receipt: an item a line."""
    items = ",\n".join(json_text(item) for item in receipt.items)
    document = json_text(replace(receipt, items=()), indented=True)
    if items:
        document = document.removesuffix("[]\n}") + "[\n" + items + "\n]\n}"
    return document + "\n"


def from_text(text: str, where: str) -> Receipt:
    """The receipt in a document. StateUnusable where it is none, or a newer one."""
    try:
        document = json.loads(text)
        version = document.get("format_version") if isinstance(document, dict) else None
        if type(version) is int and version > FORMAT_VERSION:
            raise StateUnusable(
                f"{where}: this receipt was written by a newer reconciler (format {version}, this one reads "
                f"{FORMAT_VERSION})",
                hint="upgrade reconciler",
            )
        if isinstance(document, dict):
            document.setdefault("lineage", "")
        receipt: Receipt = decode(Receipt, document, "receipt")
    except (ValueError, RecursionError) as error:
        raise StateUnusable(f"{where}: this receipt is not understood ({unreadable(error)})", hint=HINT) from error
    strange = next((item.address for item in receipt.items if kind_of(item.address) not in KINDS), None)
    if strange is not None:
        raise StateUnusable(f"{where}: this receipt is not understood ({strange!r} is no address)", hint=HINT)
    return receipt
