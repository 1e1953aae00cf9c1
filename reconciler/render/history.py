"""Receipts as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from reconciler.model.receipt import Receipt
from reconciler.render.terminal import bold, visible

FORMAT_VERSION = 1


def history_text(receipts: Sequence[Receipt]) -> str:
    """A line for each apply, the latest first."""
    if not receipts:
        return "nothing was applied yet"
    return "\n".join(
        bold(visible(receipt.id))
        + visible(
            f"  {receipt.at}  {receipt.title()}  by {receipt.who}"
            + (f", commit {receipt.commit[:12]}" if receipt.commit else "")
        )
        for receipt in receipts
    )


def history_json(receipts: Sequence[Receipt]) -> str:
    """The receipts, whole."""
    document = {"format_version": FORMAT_VERSION, "receipts": [asdict(receipt) for receipt in receipts]}
    return json.dumps(document, indent=2, ensure_ascii=False)
