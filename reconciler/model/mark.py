"""The hidden first line of a comment of ours: whose it is, and what a reviewer approves by merging."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, replace
from typing import Any

from reconciler.model.approval import MOST_SKETCHED, Approval, approval_of
from reconciler.model.decode import NotThat, decode
from reconciler.model.plan import Plan

FORMAT_VERSION = 2
DRIFT, NO_DRIFT = "drift", "no drift"
"""The commands of marks that stand in an issue, the second in one that can be closed."""
LONGEST = 13_000
"""Characters of the line: what is left of a comment is for people."""
LONGEST_COMMIT = 200
LINE = re.compile(r"<!-- reconciler (\{.*\}) -->")
# All that could end the line early, or that a host takes for a mention, a reference or markup: within strings only.
_ACTS = re.compile(r"-(?=-)|[<>&@#!~$%`*]")


@dataclass(frozen=True, slots=True)
class Mark:
    """`command` wrote the comment (`plan`, `apply`) or the issue. `approval`: the plan that it shows; None where it
    shows none that could be approved. `configuration`: its name; None in a mark that was written before marks had it,
    which may be any one's."""

    environment: str
    command: str
    approval: Approval | None = None
    format_version: int = FORMAT_VERSION
    configuration: str | None = None

    def is_for(self, configuration: str | None, environment: str | None) -> bool:
        """Whether it is of that configuration and that environment; None is any."""
        is_configuration = None in (configuration, self.configuration) or configuration == self.configuration
        return is_configuration and environment in (None, self.environment)


def mark_of(command: str, plan: Plan, commit: str, base: str) -> Mark:
    """The mark of a plan; its sketch is cut to what the line has room for."""
    room, commit, base = MOST_SKETCHED, commit[:LONGEST_COMMIT], base[:LONGEST_COMMIT]

    def cut_to(room: int) -> Mark:
        approval = approval_of(plan, commit, base, room)
        return Mark(plan.environment, command, approval, configuration=plan.configuration)

    while len(line_of(cut_to(room))) > LONGEST and room:
        room //= 2
    return cut_to(room)


def line_of(mark: Mark) -> str:
    """The mark as an HTML comment on one line of ASCII."""
    return f"<!-- reconciler {_ACTS.sub(_escaped, json.dumps(asdict(mark), separators=(',', ':')))} -->"


def mark_in(body: str) -> Mark | None:
    """The mark in a comment's first line, None where there is none. Of a mark that another version of this program
    wrote, only the configuration and the environment are known: it approves nothing."""
    found = LINE.fullmatch(body.split("\n", 1)[0].strip())
    if found is None:
        return None
    document: Any = None
    try:
        document = json.loads(found[1])
        mark: Mark = decode(Mark, document, "mark")
    except (NotThat, ValueError, RecursionError):
        known = document if isinstance(document, dict) else {}
        environment, configuration = known.get("environment"), known.get("configuration")
        named = configuration if isinstance(configuration, str) else None
        return Mark(environment, "", None, 0, named) if isinstance(environment, str) else None
    is_known = mark.format_version == FORMAT_VERSION and (mark.approval is None or mark.approval.is_known)
    return mark if is_known else replace(mark, command="", approval=None)


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
