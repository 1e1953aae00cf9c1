"""What a reviewer approved: the digest of a plan, and a sketch of it, to say in words what differs from another one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from reconciler.json_text import canonical, json_text, unreadable
from reconciler.model.decode import NotThat, decode
from reconciler.model.plan import Change, Plan

FORMAT_VERSION = 2
MOST_SKETCHED = 10_000
"""The longest sketch, in characters: it stands in a comment, whose length is bounded."""
HASH_DIGITS = 8
_AROUND = 8  # quotes, a colon, a comma and blanks around an address and what stands beside it


@dataclass(frozen=True, slots=True)
class Approval:
    """A plan in short. `digest` is what binds; all else is for people.

    `commit` and `base` are what was planned and what it was compared with, empty where that is not known. `changes`:
    address → its action and a short hash of what would be done, `delete 1f3a90bc`, in the plan's order; `left_out`: how
    many more changes there are, for which there was no room. `configuration` is its name.
    """

    environment: str
    digest: str
    commit: str = ""
    base: str = ""
    changes: Mapping[str, str] = field(default_factory=dict)
    left_out: int = 0
    format_version: int = FORMAT_VERSION
    configuration: str = ""

    @property
    def is_known(self) -> bool:
        """Whether this version of the program wrote it, or one that writes the same."""
        return self.format_version == FORMAT_VERSION


def approval_of(plan: Plan, commit: str = "", base: str = "", room: int = MOST_SKETCHED) -> Approval:
    """A plan as it is approved; its sketch takes at most `room` characters."""
    sketched: dict[str, str] = {}
    for change in plan.changes:
        sketch = sketch_of(change)
        room -= len(json.dumps(change.address)) + len(sketch) + _AROUND
        if room < 0:
            break
        sketched[change.address] = sketch
    left_out = len(plan.changes) - len(sketched)
    return Approval(plan.environment, plan.digest, commit, base, sketched, left_out, configuration=plan.configuration)


def sketch_of(change: Change) -> str:
    """`update 1f3a90bc`: the same for the same change, whenever and wherever it is planned; notes are left out, as they
    are of the digest."""
    return f"{change.action.value} {hashlib.sha256(canonical(change.approved()).encode()).hexdigest()[:HASH_DIGITS]}"


def to_json(approval: Approval) -> str:
    """The text of a file that holds an approval."""
    return json_text(asdict(approval), indented=True) + "\n"


def from_json(text: str) -> Approval:
    """What `to_json` wrote. NotThat where it is anything else: another version, a field that is unknown or missing."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotThat(f"approval: {unreadable(error)}") from error
    version = document.get("format_version") if isinstance(document, dict) else None
    if version != FORMAT_VERSION:
        raise NotThat(f"approval: expected format_version {FORMAT_VERSION}, not {version!r}")
    approval: Approval = decode(Approval, document, "approval")
    return approval
