"""Receipts as JSON text."""

from __future__ import annotations

import json
from dataclasses import asdict

from reconciler.errors import StateUnusable
from reconciler.model.decode import NotThat, decode
from reconciler.model.receipt import Receipt


def to_text(receipt: Receipt) -> str:
    """The document of a receipt."""
    return json.dumps(asdict(receipt), indent=2, ensure_ascii=False) + "\n"


def from_text(text: str, where: str) -> Receipt:
    """The receipt in a document. StateUnusable where it is none."""
    try:
        receipt: Receipt = decode(Receipt, json.loads(text), "receipt")
    except (ValueError, RecursionError) as error:
        said = str(error) if isinstance(error, NotThat) else f"no JSON: {error}"
        raise StateUnusable(f"{where}: this receipt is not understood ({said})") from error
    return receipt
