"""What an apply leaves behind for those who come later: the audit log, and the way back."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.desired import Fields


@dataclass(frozen=True, slots=True)
class ReceiptItem:
    """One change that was done, or was tried. `before` are the live fields, `after` what was written; None: nothing."""

    address: str
    action: str
    status: str
    reason: str
    id_before: str | None
    id_after: str | None
    before: Fields | None
    after: Fields | None
    request_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """One apply. `at` is UTC; `commit` is the configuration's, empty where there is none. `lineage` is that of the
    state which the apply wrote, empty if it is not known."""

    format_version: int
    id: str
    environment: str
    at: str
    who: str
    where: str
    commit: str
    digest: str
    lineage: str
    items: tuple[ReceiptItem, ...]

    def title(self) -> str:
        """What was done, in one line: `2 create, 1 delete`."""
        done = [item.action for item in self.items if item.status == "done"]
        counts = [f"{done.count(action)} {action}" for action in dict.fromkeys(done)]
        failed = sum(item.status != "done" for item in self.items)
        return ", ".join([*counts, *([f"{failed} not done"] if failed else [])]) or "nothing"
