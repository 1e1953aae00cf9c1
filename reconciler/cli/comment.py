"""The pull request: `comment`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.options import debug_option, environment_option
from reconciler.errors import WrongUsage
from reconciler.output.terminal import dim, escape, register_secret, write_stderr

if TYPE_CHECKING:
    from reconciler.forges import CiRun, Comments

MOST_SUMMARY = 1024 * 1024
"""Bytes of a job's summary, by step: what is longer is not shown at all
(docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits)."""
LONGEST_FILE = 16 * 1024 * 1024


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option(
    "--read",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write what was approved by merging into FILE, for `apply --expect-digest @FILE`.",
)
@environment_option
@click.option(
    "--configuration",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="With --read: the folder of the configuration; needed if the pull request has plans of several.",
)
@debug_option
def comment(
    file: Path | None, read: Path | None, environment: str | None, configuration: Path | None, debug: bool
) -> None:
    """Put a plan under the pull request, as one comment that is kept up to date.

    Each configuration and environment has a comment of its own. FILE is what `plan` or `apply` wrote with --report
    markdown=FILE; it also becomes the job's summary. What `drift --format markdown` wrote becomes an issue, the one of
    its environment, and closes it where nothing drifted. Runs in GitHub Actions (with GITHUB_TOKEN) and in GitLab CI
    (with GITLAB_TOKEN); no key is needed.
    """
    from reconciler.forges import Comments, find_ci_run  # noqa: PLC0415 - `--help` need not load the stages

    if (file is None) == (read is None):
        raise WrongUsage("expected the FILE to put under the pull request, or --read FILE, and not both")
    text = _text(file) if file else ""
    where = find_ci_run(os.environ, _event(os.environ.get("GITHUB_EVENT_PATH", "")))
    register_secret(where.token)
    with Comments(where) as comments:
        comments.trace((lambda line: write_stderr(dim(escape(f"debug: {line}")))) if debug else None)
        if read is not None:
            _write_approval(read, comments, environment, configuration)
            return
        _summarise(where, text)
        write_stderr(escape(comments.put(text)))


def _write_approval(path: Path, comments: Comments, environment: str | None, configuration: Path | None) -> None:
    from reconciler.commands.session import find_names  # noqa: PLC0415
    from reconciler.model.approval import to_json  # noqa: PLC0415 - `--help` need not load it

    approval = comments.approved(environment, find_names(configuration, environment)[0] if configuration else None)
    try:
        path.write_text(to_json(approval), encoding="utf-8")
    except OSError as error:
        raise WrongUsage(f"--read {path}: cannot be written: {error.strerror}") from error
    write_stderr(escape(f"approved for {approval.environment}: {approval.digest}"))


def _text(path: Path) -> str:
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


def _event(path: str) -> str:
    """The text of the event, as the runner names its file; empty where it names none."""
    return _text(Path(path)) if path else ""


def _summarise(where: CiRun, text: str) -> None:
    """Adds the text to the job's summary, where the runner has one and there is room."""
    if not where.summary:
        return
    content = f"{text.strip()}\n\n".encode()
    try:
        with Path(where.summary).open("ab") as opened:
            if opened.tell() + len(content) > MOST_SUMMARY:
                write_stderr("warning: the job's summary has no room for this")
                return
            opened.write(content)
    except OSError as error:
        write_stderr(escape(f"warning: the job's summary cannot be written ({error.strerror})"))
