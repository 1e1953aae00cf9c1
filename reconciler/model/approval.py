"""What a reviewer approved: the digest of a plan, and a sketch of it, to name how a later plan differs."""

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
from reconciler.serialization import DecodeError, decode, sha256, to_canonical, to_json_text
from reconciler.text import share_out

FORMAT_VERSION = 2
MOST_SKETCHED = 10_000
"""The longest sketch, in characters: it stands in a comment, whose length is bounded."""
HASH_DIGITS = 16
"""64 bits of a hash: if two pull requests are merged together, their sketches approve the changes of one plan."""
NOTHING = ""
"""The digest in an approval that left its environment out: no change is approved."""
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
    """The approval of a plan. Its sketch has at most `limit` characters."""
    asked = [change for change in plan.changes if change.is_reviewed()]
    sketched = _take_fitting(((change.address, make_sketch(change, plan.api)) for change in asked), limit)
    left_out = len(asked) - len(sketched)
    return Approval(plan.environment, plan.digest, commit, base, sketched, left_out, configuration=plan.configuration)


def _take_fitting(sketches: Iterable[tuple[str, str]], remaining: int) -> dict[str, str]:
    """Address → sketch of the first changes, as many as fit into `remaining` characters."""
    fitting: dict[str, str] = {}
    for address, sketch in sketches:
        remaining -= _measure(address, sketch)
        if remaining < 0:
            break
        fitting[address] = sketch
    return fitting


def _measure(address: str, sketch: str) -> int:
    return len(json.dumps(address)) + len(sketch) + _OVERHEAD


def make_sketch(change: Change, api: str) -> str:
    """`update 1f3a90bc…`: the same text for the same change, whenever it is planned. Like the digest, it leaves notes
    out. `api` is the plan's address of the API: the same change at another API has another sketch."""
    content = change.approved()
    text = to_canonical(content) + ("" if api == VENDOR_URL else api)
    return f"{content['action']} {hashlib.sha256(text.encode()).hexdigest()[:HASH_DIGITS]}"


def join_digests(digests: Mapping[str, str]) -> str:
    """The joint digest of several plans (environment → digest); their order has no meaning."""
    return sha256(digests)


def collect_digests(ended: Iterable[Ended[Review]]) -> dict[str, str]:
    """Environment → the digest of its plan, "" if there is no plan. Environments that were left out are missing."""
    made = (each for each in ended if not each.left_out)
    return {each.environment: each.value.plan.digest if each.value else "" for each in made}


def to_json(approval: Approval) -> str:
    """The text of a file that holds an approval."""
    return to_json_text(asdict(approval), indented=True) + "\n"


def dump_approvals(approvals: Iterable[Approval]) -> str:
    """The text of a file that holds several approvals: of several environments, or of one that pull requests share."""
    return to_json_text({"environments": list(map(asdict, approvals))}, indented=True) + "\n"


def from_json(document: Any) -> Approval:
    """The approval in the JSON of `to_json`. DecodeError if it is anything else: another version, or other fields."""
    version = document.get("format_version") if isinstance(document, dict) else None
    if version != FORMAT_VERSION:
        raise DecodeError(f"approval: expected format_version {FORMAT_VERSION}, not {version!r}")
    approval: Approval = decode(Approval, document, "approval")
    return approval


MARKER_FORMAT = 2
DRIFT, NO_DRIFT = "drift", "no drift"
"""The commands of marks in issues; an issue with the second can be closed."""
LONGEST = 13_000
"""Characters of the line, a fifth of the 65,536 that GitHub allows: the rest of the comment is for people."""
LONGEST_COMMIT = 200
LINE = re.compile(r"<!-- reconciler (\{.*\}) -->")
# What could end the comment early, or what a code host takes for a mention, a reference or markup. In JSON, all of it
# stands within strings, so an escape is possible.
_UNSAFE = re.compile(r"-(?=-)|[<>&@#!~$%`*]")


@frozen
class Brief:
    """The part of an approval that each of several environments has of its own."""

    digest: str
    changes: Mapping[str, str]
    left_out: int


@frozen
class Several:
    """A mark's content for several environments: the approvals by name, the environments without a plan (`failed`), and
    those that were `left_out` because nothing in them changed."""

    approvals: Mapping[str, Brief] = field(default_factory=dict)
    failed: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    commit: str = ""
    base: str = ""


@frozen
class CommentMarker:
    """The hidden mark in a comment or an issue. `command` wrote it, for example `plan`. `approval` is of the plan that
    it shows; None if no plan can be approved. `configuration` is None in marks of early versions: they may be of any
    configuration. If it is of `several` environments, `environment` names them all."""

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
        """Environment → its approval."""
        if (several := self.several) is None:
            return {self.environment: self.approval} if self.approval else {}
        commit, base, own = several.commit, several.base, self.configuration or ""
        return {
            name: Approval(name, each.digest, commit, base, each.changes, each.left_out, configuration=own)
            for name, each in several.approvals.items()
        }


def join_names(environments: Iterable[str]) -> str:
    """The name of a set of environments in a mark: the same in any order."""
    return ", ".join(sorted(environments))


def make_marker(command: str, plan: Plan, commit: str, base: str) -> CommentMarker:
    """The mark of a plan, with as much of the sketch as the line has room for."""

    def make(limit: int) -> CommentMarker:
        approval = make_approval(plan, commit[:LONGEST_COMMIT], base[:LONGEST_COMMIT], limit)
        return CommentMarker(plan.environment, command, approval, configuration=plan.configuration)

    return _fit(make)


def make_joint_marker(
    plans: Mapping[str, Plan | None], left_out: Iterable[str], commit: str, base: str, configuration: str | None
) -> CommentMarker:
    """The mark of the plans of several environments (name → plan, None if it failed). It has all digests, and as much
    of the sketches as the line has room for."""
    made = {name: make_approval(plan) for name, plan in plans.items() if plan is not None}
    needs = [sum(_measure(*sketch) for sketch in each.changes.items()) for each in made.values()]
    failed, untouched = tuple(name for name in plans if name not in made), tuple(left_out)

    def brief(approval: Approval, limit: int) -> Brief:
        changes = _take_fitting(approval.changes.items(), limit)
        return Brief(approval.digest, changes, approval.left_out + len(approval.changes) - len(changes))

    def make(limit: int) -> CommentMarker:
        limits = share_out(limit, needs)
        briefs = {name: brief(approval, own) for (name, approval), own in zip(made.items(), limits, strict=True)}
        several = Several(briefs, failed, untouched, commit[:LONGEST_COMMIT], base[:LONGEST_COMMIT])
        return CommentMarker(join_names((*plans, *untouched)), "plan", configuration=configuration, several=several)

    return _fit(make)


def _fit(make: Callable[[int], CommentMarker]) -> CommentMarker:
    """The mark with the largest limit of sketches, halved from `MOST_SKETCHED` to 0, with which its line fits."""
    limit = MOST_SKETCHED
    while limit and len(format_marker(make(limit))) > LONGEST:
        limit //= 2
    return make(limit)


def format_marker(marker: CommentMarker) -> str:
    """The mark as an HTML comment on one line of ASCII. Early versions do not know `several`: a mark of one environment
    leaves it out, and they take any other for one that approves nothing."""
    content = asdict(marker)
    if marker.several is None:
        del content["several"]
    text = json.dumps(content, separators=(",", ":"))
    return "<!-- reconciler " + _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + " -->"


def find_marker(body: str) -> CommentMarker | None:
    """The mark in a comment's first line; None if there is none. A mark of another version approves nothing: only its
    configuration and its environment are kept."""
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
