"""The text of the one comment: what a command wrote, what was approved before, and the earlier ones in short."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from reconciler.errors import WrongUsage
from reconciler.forges.client import Comment
from reconciler.model.approval import Approval, CommentMarker, mark_in, marker_line

LONGEST = 65_536
"""Characters of a comment on GitHub; on GitLab 1,000,000 (docs.gitlab.com/administration/instance_limits)."""
HISTORY = "<!-- reconciler history -->"
MOST_EARLIER = 10
LONGEST_EARLIER = 200
SHORT_COMMIT = 12
RUN = re.compile(r"https?://[^\s()<>\[\]]+")
FOLDED = (
    "<details><summary>An older comment of reconciler</summary>\n\nThe one above it is kept up to date.\n\n</details>"
)


def render_body(text: str, own: Sequence[Comment], run: str) -> str:
    """What the comment says from now on. `text` is what `--report markdown=FILE` wrote; `own` are the comments of this
    environment that are there, the first of which is kept; `run` is the address of this run.

    A plan's text brings what is approved from now on. That of an apply brings none, and what was approved stays: the
    job may be run again. WrongUsage if the text is not ours, or too long.
    """
    mark = mark_in(text)
    if mark is None:
        raise WrongUsage("this is no comment of reconciler's", hint="give the file of `--report markdown=FILE`")
    if mark.command == "apply" and mark.approval is None:
        mark = replace(mark, approval=_approval_of(own))
    shown = text.partition("\n")[2].strip()
    link = f"\n\n[The run]({run})" if RUN.fullmatch(run) else ""
    body = f"{marker_line(mark)}\n{shown}{link}"
    earlier = _earlier(own[0].body, shown) if own else []
    if earlier:
        listed = "\n".join(f"- {line}" for line in earlier)
        summary = f"<summary>Earlier: {len(earlier)}</summary>"
        with_history = f"{body}\n\n{HISTORY}\n<details>{summary}\n\n{listed}\n\n</details>"
        body = with_history if len(with_history) <= LONGEST else body
    if len(body) > LONGEST:
        raise WrongUsage(f"the comment has {len(body):,} characters, of which hosts take {LONGEST:,}")
    return body


def same(body: str, other: str) -> bool:
    """Whether two bodies say the same: hosts give them back with other line ends, and no blanks at the end."""
    return body.replace("\r\n", "\n").strip() == other.replace("\r\n", "\n").strip()


def _approval_of(own: Sequence[Comment]) -> Approval | None:
    """What was approved, None if two comments (of jobs at the same time) say different things."""
    found = [mark.approval for comment in own if (mark := mark_in(comment.body)) and mark.approval]
    return found[0] if len({each.digest for each in found}) == 1 else None


def _earlier(body: str, shown: str) -> list[str]:
    """The titles of what stood there, the latest first: that of the comment itself, then those that it lists."""
    current, _, history = body.replace("\r\n", "\n").partition(HISTORY)
    listed = [line.removeprefix("- ") for line in history.split("\n") if line.startswith("- ")]
    title = next((line for line in current.split("\n")[1:] if line.strip()), "").strip()
    is_new = bool(title) and current.partition("\n")[2].strip().partition("\n\n[The run]")[0] != shown
    lines = [f"{_commit(mark_in(current))}{title}", *listed] if is_new else listed
    return [line for line in lines if len(line) <= LONGEST_EARLIER][:MOST_EARLIER]


def _commit(mark: CommentMarker | None) -> str:
    commit = mark.approval.commit if mark and mark.approval and mark.command == "plan" else ""
    return f"`{commit[:SHORT_COMMIT]}` " if re.match(r"[0-9a-f]{40}", commit) else ""
