"""What a reviewer approved: the digest of a plan, and a sketch of it, to say in words what differs from another one."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, field, replace
from typing import Any

from reconciler.lazy import frozen
from reconciler.model.plan import Change, Plan
from reconciler.model.reports import Ended, Review
from reconciler.model.settings import VENDOR_URL
from reconciler.serialization import DecodeError, canonical, decode, json_text, sha256
from reconciler.text import share_out

FORMAT_VERSION = 2
MOST_SKETCHED = 10_000
"""The longest sketch, in characters: it stands in a comment, whose length is bounded."""
HASH_DIGITS = 16
"""Of a sketch: two pull requests that are merged together approve the changes of one plan by them."""
NOTHING = ""
"""The digest of an approval if the plan of the environment was left out: no change was approved."""
_OVERHEAD = 8  # quotes, a colon, a comma and blanks around an address and what stands beside it


@frozen
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


def make_approval(plan: Plan, commit: str = "", base: str = "", limit: int = MOST_SKETCHED) -> Approval:
    """A plan as it is approved; its sketch takes at most `limit` characters."""
    asked = [change for change in plan.changes if change.is_reviewed()]
    sketched = _first_fitting(((change.address, make_sketch(change, plan.api)) for change in asked), limit)
    left_out = len(asked) - len(sketched)
    return Approval(plan.environment, plan.digest, commit, base, sketched, left_out, configuration=plan.configuration)


def _first_fitting(sketches: Iterable[tuple[str, str]], remaining: int) -> dict[str, str]:
    """The first sketches by address, as many as so many characters hold."""
    fitting: dict[str, str] = {}
    for address, sketch in sketches:
        remaining -= _size(address, sketch)
        if remaining < 0:
            break
        fitting[address] = sketch
    return fitting


def _size(address: str, sketch: str) -> int:
    return len(json.dumps(address)) + len(sketch) + _OVERHEAD


def make_sketch(change: Change, api: str) -> str:
    """`update 1f3a90bc…`: the same for the same change, whenever and wherever it is planned; notes are left out, as
    they are of the digest. `api` is the plan's: a change of another API is another one."""
    content = change.approved()
    text = canonical(content) + ("" if api == VENDOR_URL else api)
    return f"{content['action']} {hashlib.sha256(text.encode()).hexdigest()[:HASH_DIGITS]}"


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


def all_to_json(approvals: Iterable[Approval]) -> str:
    """The text of a file that holds several approvals: of several environments, or of one that pull requests share."""
    return json_text({"environments": list(map(asdict, approvals))}, indented=True) + "\n"


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


@frozen
class Brief:
    """The approval of one of several environments: what it has of its own."""

    digest: str
    changes: Mapping[str, str]
    left_out: int


@frozen
class Several:
    """What a mark says of several environments: the approvals by name, those without a plan (`failed`), and those that
    were `left_out` since nothing of them has changed."""

    approvals: Mapping[str, Brief] = field(default_factory=dict)
    failed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    commit: str = ""
    base: str = ""


@frozen
class CommentMarker:
    """`command` wrote the comment (`plan`, `apply`) or the issue. `approval`: the plan that it shows; None if it
    shows none that could be approved. `configuration`: its name; None in a mark that was written before marks had it,
    which may be any one's. If it is of `several` environments, `environment` names them all."""

    environment: str
    command: str
    approval: Approval | None = None
    format_version: int = MARKER_FORMAT
    configuration: str | None = None
    several: Several | None = None

    def is_for(self, configuration: str | None) -> bool:
        """Whether it is of that configuration; None is any."""
        return None in (configuration, self.configuration) or configuration == self.configuration

    def environments(self) -> frozenset[str]:
        """The environments that it is of."""
        if self.several is None:
            return frozenset({self.environment})
        return frozenset((*self.several.approvals, *self.several.failed, *self.several.left_out))

    def approvals(self) -> dict[str, Approval]:
        """What it approves, by environment."""
        if (several := self.several) is None:
            return {self.environment: self.approval} if self.approval else {}
        return {
            name: Approval(
                name,
                each.digest,
                several.commit,
                several.base,
                each.changes,
                each.left_out,
                configuration=self.configuration or "",
            )
            for name, each in several.approvals.items()
        }


def name_set(environments: Iterable[str]) -> str:
    """The name of a set of environments in a mark, in whatever order they are given."""
    return ", ".join(sorted(environments))


def make_marker(command: str, plan: Plan, commit: str, base: str) -> CommentMarker:
    """The mark of a plan; its sketch is cut to what the line has room for."""

    def make(limit: int) -> CommentMarker:
        approval = make_approval(plan, commit[:LONGEST_COMMIT], base[:LONGEST_COMMIT], limit)
        return CommentMarker(plan.environment, command, approval, configuration=plan.configuration)

    return _fitted(make)


def make_joint_marker(
    plans: Mapping[str, Plan | None], left_out: Iterable[str], commit: str, base: str, configuration: str | None
) -> CommentMarker:
    """The mark of the plans of several environments (name → plan, None if it failed). It has all digests, and as much
    of the sketches as the line has room for."""
    made = {name: make_approval(plan) for name, plan in plans.items() if plan is not None}
    needs = [sum(_size(*sketch) for sketch in each.changes.items()) for each in made.values()]
    failed, untouched = tuple(name for name in plans if name not in made), tuple(left_out)

    def brief(approval: Approval, limit: int) -> Brief:
        changes = _first_fitting(approval.changes.items(), limit)
        return Brief(approval.digest, changes, approval.left_out + len(approval.changes) - len(changes))

    def make(limit: int) -> CommentMarker:
        limits = share_out(limit, needs)
        briefs = {name: brief(approval, own) for (name, approval), own in zip(made.items(), limits, strict=True)}
        several = Several(briefs, failed, untouched, commit[:LONGEST_COMMIT], base[:LONGEST_COMMIT])
        return CommentMarker(name_set((*plans, *untouched)), "plan", configuration=configuration, several=several)

    return _fitted(make)


def _fitted(make: Callable[[int], CommentMarker]) -> CommentMarker:
    """The mark with the most characters of sketches with which its line is not too long, or with none."""
    limit = MOST_SKETCHED
    while limit and len(format_marker(make(limit))) > LONGEST:
        limit //= 2
    return make(limit)


def format_marker(marker: CommentMarker) -> str:
    """The mark as an HTML comment on one line of ASCII. What it is of several environments, an earlier version of this
    program takes for a mark that approves nothing."""
    content = asdict(marker)
    if marker.several is None:
        del content["several"]
    text = json.dumps(content, separators=(",", ":"))
    return "<!-- reconciler " + _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + " -->"


def find_marker(body: str) -> CommentMarker | None:
    """The mark in a comment's first line, None if there is none. Of a mark that another version of this program
    wrote, only the configuration and the environment are known: it approves nothing."""
    found = LINE.fullmatch(body.split("\n", 1)[0].strip())
    if found is None:
        return None
    document: Any = None
    try:
        document = json.loads(found[1])
        whole = {"several": None, **document} if isinstance(document, dict) else document
        marker: CommentMarker = decode(CommentMarker, whole, "mark")
    except (DecodeError, ValueError, RecursionError):
        known = document if isinstance(document, dict) else {}
        environment, configuration = known.get("environment"), known.get("configuration")
        named = configuration if isinstance(configuration, str) else None
        return CommentMarker(environment, "", None, 0, named) if isinstance(environment, str) else None
    versions = (marker.format_version, marker.approval.format_version if marker.approval else FORMAT_VERSION)
    is_known = versions == (MARKER_FORMAT, FORMAT_VERSION)
    return marker if is_known else replace(marker, command="", approval=None, several=None)
