"""The comment under a pull request: written from a file, and read for what was approved."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from reconciler.commands.session import find_names
from reconciler.errors import WrongUsage
from reconciler.forges.ci import find_ci_run
from reconciler.forges.comments import Comments
from reconciler.model.approval import Approval, dump_approvals, to_json

MOST_SUMMARY = 1024 * 1024
"""Bytes of a job's summary, by step: what is longer is not shown at all
(docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits)."""
LONGEST_FILE = 16 * 1024 * 1024  # far above what a comment may have: 65,536 characters on GitHub, 1,000,000 on GitLab


@contextmanager
def open_comments(variables: Mapping[str, str], on_secret: Callable[[str], None]) -> Iterator[Comments]:
    """The comments of the pull request that the runner's variables name. `on_secret` gets the token."""
    event = variables.get("GITHUB_EVENT_PATH", "")
    run = find_ci_run(variables, read_text(Path(event)) if event else "")
    on_secret(run.token)
    comments = Comments(run)
    with closing(comments.forge):
        yield comments


def write_approvals(
    comments: Comments, path: Path, environments: Sequence[str], configuration: Path | None
) -> Sequence[Approval]:
    """Writes to a file what was approved by the merge: for the only environment, or for several. WrongUsage if that
    fails."""
    name = find_names(configuration, None)[0] if configuration else None
    approvals = comments.find_approvals(environments, name)
    is_one = len(approvals) == 1 and len(environments) <= 1
    try:
        path.write_text(to_json(approvals[0]) if is_one else dump_approvals(approvals), encoding="utf-8", newline="\n")
    except OSError as error:
        raise WrongUsage(f"--read {path}: cannot be written: {error.strerror}") from error
    return approvals


def summarise(file: str, text: str) -> str:
    """Adds a text to the file of a job's summary, if there is one. Returns a warning if that fails, else nothing."""
    if not file:
        return ""
    content = f"{text.strip()}\n\n".encode()
    try:
        with Path(file).open("ab") as opened:
            if opened.tell() + len(content) > MOST_SUMMARY:
                return "the job's summary has no room for this"
            opened.write(content)
    except OSError as error:
        return f"the job's summary cannot be written ({error.strerror})"
    return ""


def read_text(path: Path) -> str:
    """The text of a file, or of a pipe. WrongUsage if it cannot be read, or is too long for a comment."""
    try:
        with path.open("rb") as opened:
            content = opened.read(LONGEST_FILE + 1)
        if len(content) > LONGEST_FILE:
            raise WrongUsage(f"{path} is no comment: it has more than {LONGEST_FILE:,} bytes")
        return content.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUsage(f"{path}: cannot be read: {getattr(error, 'strerror', error)}") from error
