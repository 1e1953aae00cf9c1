"""The receipts stage: what an apply leaves behind, and the way back from it."""

from reconciler.receipts.make import receipt_of
from reconciler.receipts.text import from_text, to_text
from reconciler.receipts.undo import undone

__all__ = ["from_text", "receipt_of", "to_text", "undone"]
