"""What was approved, as `--expect-digest` names it: a digest, or a file that says more."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from reconciler.errors import WrongUsage
from reconciler.json_text import unreadable
from reconciler.model.approval import from_json
from reconciler.model.decode import NotThat
from reconciler.regular_files import Unreadable, read_regular

LARGEST: Final = 100_000_000
EXPECTED = "expected what `reconciler comment --read`, `plan --format json` or `plan --out` writes"


@dataclass(frozen=True, slots=True)
class ApprovedChange:
    """One change of it. `sketch`: the word and the hash of an approval, empty where it is not known. `fields`: path →
    before and after, None where they are not known."""

    action: str
    sketch: str = ""
    fields: Mapping[str, tuple[Any, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Approved:
    """The digest binds; the rest is for words. `changes` is None where nothing but the digest is known; `left_out`: how
    many more there are. `environment` is empty where it is not known."""

    digest: str
    environment: str = ""
    changes: Mapping[str, ApprovedChange] | None = None
    left_out: int = 0
    commit: str = field(default="")


def read_approved(expected: str) -> Approved:
    """A digest, or `@FILE`. WrongUsage where the file cannot be read or is none of those."""
    if not expected.startswith("@"):
        return Approved(expected)
    path = Path(expected[1:])
    try:
        content = read_regular(path, LARGEST)
    except (OSError, Unreadable, ValueError) as error:
        raise WrongUsage(f"--expect-digest {expected}: cannot be read ({error})", hint=EXPECTED) from error
    try:
        return _approved(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise WrongUsage(f"--expect-digest {expected}: is no approval ({unreadable(error)})", hint=EXPECTED) from error


def _approved(text: str) -> Approved:
    document = json.loads(text)
    plan = document.get("plan", document) if isinstance(document, dict) else None
    if isinstance(plan, dict) and isinstance(plan.get("changes"), list):
        return _of_plan(plan)
    approval = from_json(text)
    changes = {
        address: ApprovedChange(sketch.partition(" ")[0], sketch) for address, sketch in approval.changes.items()
    }
    return Approved(approval.digest, approval.environment, changes, approval.left_out, approval.commit)


def _of_plan(plan: Mapping[str, Any]) -> Approved:
    try:
        changes = {
            str(each["address"]): ApprovedChange(
                str(each["action"]),
                fields={str(one["path"]): (one["before"], one["after"]) for one in each["fields"]},
            )
            for each in plan["changes"]
        }
        return Approved(str(plan["digest"]), str(plan["environment"]), changes)
    except (KeyError, TypeError) as error:
        raise NotThat(f"a plan without {error}") from error
