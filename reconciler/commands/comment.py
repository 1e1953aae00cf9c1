"""The comment under a pull request: written from a file, and read for what was approved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reconciler.commands.session import find_names
from reconciler.errors import WrongUsage
from reconciler.forges.ci import CiRun, find_ci_run
from reconciler.forges.comments import Comments
from reconciler.model.approval import Approval, all_to_json, to_json

MOST_SUMMARY = 1024 * 1024
"""Bytes of a job's summary, by step: what is longer is not shown at all
(docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits)."""
LONGEST_FILE = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class PullRequest:
    """The pull request, or the job, that this run belongs to."""

    ci: CiRun
    comments: Comments

    def write_approvals(
        self, path: Path, environments: Sequence[str], configuration: Path | None
    ) -> Sequence[Approval]:
        """Writes what was approved by merging into a file: for the one environment that there is, or for several.
        WrongUsage if it cannot be written."""
        name = find_names(configuration, None)[0] if configuration else None
        approvals = self.comments.approved(environments, name)
        is_one = len(approvals) == 1 and len(environments) <= 1
        try:
            path.write_text(to_json(approvals[0]) if is_one else all_to_json(approvals), encoding="utf-8", newline="\n")
        except OSError as error:
            raise WrongUsage(f"--read {path}: cannot be written: {error.strerror}") from error
        return approvals

    def summarise(self, text: str) -> str:
        """Adds the text to the job's summary, if the runner has one; gives a warning if it could not, else nothing."""
        if not self.ci.summary:
            return ""
        content = f"{text.strip()}\n\n".encode()
        try:
            with Path(self.ci.summary).open("ab") as opened:
                if opened.tell() + len(content) > MOST_SUMMARY:
                    return "the job's summary has no room for this"
                opened.write(content)
        except OSError as error:
            return f"the job's summary cannot be written ({error.strerror})"
        return ""


@contextmanager
def open_pull_request(variables: Mapping[str, str], hide: Callable[[str], None]) -> Iterator[PullRequest]:
    """The pull request that the runner's variables name. `hide` is told of the token."""
    event = variables.get("GITHUB_EVENT_PATH", "")
    ci = find_ci_run(variables, read_text(Path(event)) if event else "")
    hide(ci.token)
    with Comments(ci) as comments:
        yield PullRequest(ci, comments)


def read_text(path: Path) -> str:
    """The text of a file. WrongUsage if it cannot be read, or is too long for a comment."""
    try:
        with path.open("rb") as opened:
            content = opened.read(LONGEST_FILE + 1)
        if len(content) > LONGEST_FILE:
            raise WrongUsage(f"{path} is no comment: it has more than {LONGEST_FILE:,} bytes")
        return content.decode("utf-8")
    except OSError as error:
        raise WrongUsage(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise WrongUsage(f"{path} is no comment: {error}") from error
