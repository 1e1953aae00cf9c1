"""What a reviewer approved: the digest of a plan, and a sketch of it, to say in words what differs from another one."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from reconciler.model.plan import Change, Plan
from reconciler.model.reports import Ended, Review
from reconciler.serialization import DecodeError, canonical, decode, json_text, sha256

FORMAT_VERSION = 2
MOST_SKETCHED = 10_000
"""The longest sketch, in characters: it stands in a comment, whose length is bounded."""
HASH_DIGITS = 8
_OVERHEAD = 8  # quotes, a colon, a comma and blanks around an address and what stands beside it


@dataclass(frozen=True, slots=True)
class Approval:
    """A plan in short. `digest` is what binds; all else is for people.

    `commit` and `base` are what was planned and what it was compared with, empty if that is not known. `changes`:
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


def make_approval(plan: Plan, commit: str = "", base: str = "", room: int = MOST_SKETCHED) -> Approval:
    """A plan as it is approved; its sketch takes at most `room` characters."""
    sketched: dict[str, str] = {}
    asked = [change for change in plan.changes if change.is_reviewed()]
    for change in asked:
        sketch = make_sketch(change)
        room -= len(json.dumps(change.address)) + len(sketch) + _OVERHEAD
        if room < 0:
            break
        sketched[change.address] = sketch
    left_out = len(asked) - len(sketched)
    return Approval(plan.environment, plan.digest, commit, base, sketched, left_out, configuration=plan.configuration)


def make_sketch(change: Change) -> str:
    """`update 1f3a90bc`: the same for the same change, whenever and wherever it is planned; notes are left out, as they
    are of the digest."""
    content = change.approved()
    return f"{content['action']} {hashlib.sha256(canonical(content).encode()).hexdigest()[:HASH_DIGITS]}"


def joint_digest(digests: Mapping[str, str]) -> str:
    """The digest of the plans of several environments (name → digest), in whatever order. See `digests`."""
    return sha256(digests)


def digests(ended: Iterable[Ended[Review]]) -> dict[str, str]:
    """The digest of each plan by environment, but of those that are left out; empty if there is no plan."""
    made = (each for each in ended if not each.left_out)
    return {each.environment: each.value.plan.digest if each.value else "" for each in made}


def to_json(approval: Approval) -> str:
    """The text of a file that holds an approval."""
    return json_text(asdict(approval), indented=True) + "\n"


def from_json(document: Any) -> Approval:
    """The approval in the JSON of `to_json`. DecodeError if it is anything else: another version, or other fields."""
    version = document.get("format_version") if isinstance(document, dict) else None
    if version != FORMAT_VERSION:
        raise DecodeError(f"approval: expected format_version {FORMAT_VERSION}, not {version!r}")
    approval: Approval = decode(Approval, document, "approval")
    return approval


MARKER_FORMAT = 2
DRIFT, NO_DRIFT = "drift", "no drift"
"""The commands of marks that stand in an issue, the second in one that can be closed."""
LONGEST = 13_000
"""Characters of the line: what is left of a comment is for people."""
LONGEST_COMMIT = 200
LINE = re.compile(r"<!-- reconciler (\{.*\}) -->")
# All that could end the line early, or that a host takes for a mention, a reference or markup: within strings only.
_UNSAFE = re.compile(r"-(?=-)|[<>&@#!~$%`*]")


@dataclass(frozen=True, slots=True)
class CommentMarker:
    """`command` wrote the comment (`plan`, `apply`) or the issue. `approval`: the plan that it shows; None if it
    shows none that could be approved. `configuration`: its name; None in a mark that was written before marks had it,
    which may be any one's."""

    environment: str
    command: str
    approval: Approval | None = None
    format_version: int = MARKER_FORMAT
    configuration: str | None = None

    def is_for(self, configuration: str | None, environment: str | None) -> bool:
        """Whether it is of that configuration and that environment; None is any."""
        is_configuration = None in (configuration, self.configuration) or configuration == self.configuration
        return is_configuration and environment in (None, self.environment)


def make_marker(command: str, plan: Plan, commit: str, base: str) -> CommentMarker:
    """The mark of a plan; its sketch is cut to what the line has room for."""
    room = MOST_SKETCHED
    while True:
        approval = make_approval(plan, commit[:LONGEST_COMMIT], base[:LONGEST_COMMIT], room)
        marker = CommentMarker(plan.environment, command, approval, configuration=plan.configuration)
        if len(marker_line(marker)) <= LONGEST or not room:
            return marker
        room //= 2


def marker_line(mark: CommentMarker) -> str:
    """The mark as an HTML comment on one line of ASCII."""
    text = json.dumps(asdict(mark), separators=(",", ":"))
    return "<!-- reconciler " + _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + " -->"


def mark_in(body: str) -> CommentMarker | None:
    """The mark in a comment's first line, None if there is none. Of a mark that another version of this program
    wrote, only the configuration and the environment are known: it approves nothing."""
    found = LINE.fullmatch(body.split("\n", 1)[0].strip())
    if found is None:
        return None
    document: Any = None
    try:
        document = json.loads(found[1])
        mark: CommentMarker = decode(CommentMarker, document, "mark")
    except (DecodeError, ValueError, RecursionError):
        known = document if isinstance(document, dict) else {}
        environment, configuration = known.get("environment"), known.get("configuration")
        named = configuration if isinstance(configuration, str) else None
        return CommentMarker(environment, "", None, 0, named) if isinstance(environment, str) else None
    versions = (mark.format_version, mark.approval.format_version if mark.approval else FORMAT_VERSION)
    is_known = versions == (MARKER_FORMAT, FORMAT_VERSION)
    return mark if is_known else replace(mark, command="", approval=None)
