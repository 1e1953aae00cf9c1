"""`reconciler comment`: the pull request."""

from __future__ import annotations

import os
from pathlib import Path

import click

from reconciler import commands
from reconciler.cli import options
from reconciler.errors import WrongUsage
from reconciler.output.terminal import escape, register_secret, write_stderr

LEFT_OUT = "nothing, since the plan left it out"


@click.command()
@click.argument("file", type=options.FILE, required=False)
@click.option(
    "--read",
    type=options.FILE,
    metavar="FILE",
    help="Write what was approved by merging into FILE, for `apply --expect-digest @FILE`.",
)
@options.environments_option
@click.option(
    "--configuration",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="With --read: the folder of the configuration; needed if the pull request has plans of several.",
)
@options.debug_option
def comment(
    file: Path | None,
    read: Path | None,
    environments: tuple[str, ...],
    every: bool,
    configuration: Path | None,
    debug: bool,
) -> None:
    """Put a plan under the pull request, as one comment that is kept up to date.

    Each configuration and environment, or set of environments, has a comment of its own. FILE is what `plan` or
    `apply` wrote with --report markdown=FILE; it also becomes the job's summary. What `drift --format markdown` wrote
    becomes an issue, and closes it if nothing drifted. Runs in GitHub Actions (with GITHUB_TOKEN) and in GitLab CI
    (with GITLAB_TOKEN); no key is needed.
    """
    if (file is None) == (read is None):
        raise WrongUsage("expected the FILE to put under the pull request, or --read FILE, and not both")
    text = commands.comment.read_text(file) if file else ""
    with (
        commands.environments.show_requests(debug),
        commands.comment.open_comments(os.environ, register_secret) as comments,
    ):
        if read is not None:
            names = commands.environments.choose_names(configuration or Path(), environments, every=every)
            configuration = configuration or (Path() if len(names) > 1 else None)
            for approval in commands.comment.write_approvals(comments, read, names, configuration):
                write_stderr(escape(f"approved for {approval.environment}: {approval.digest or LEFT_OUT}"))
            return
        if warning := commands.comment.summarise(comments.run.summary, text):
            write_stderr(escape(f"warning: {warning}"))
        write_stderr(escape(comments.publish(text)))
