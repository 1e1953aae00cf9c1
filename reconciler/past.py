"""What earlier applies did: their receipts, as the store keeps them."""

from __future__ import annotations

from reconciler.errors import WrongUsage, did_you_mean
from reconciler.model.receipt import Receipt
from reconciler.receipts import from_text
from reconciler.state import Store


def history(store: Store) -> list[Receipt]:
    """The receipts of all applies, the latest first."""
    read = [from_text(text, name) for name, text in store.receipts().items()]
    return sorted(read, key=lambda receipt: (receipt.at, receipt.id), reverse=True)


def find_receipt(store: Store, name: str) -> Receipt:
    """The receipt of that id; `latest` is the last one by its time. WrongUsage where there is none."""
    texts = store.receipts()
    if name == "latest" and texts:
        return history(store)[0]
    if name not in texts:
        raise WrongUsage(
            f"there is no receipt {name}{did_you_mean(name, texts)}", hint="`reconciler history` lists them"
        )
    return from_text(texts[name], name)
