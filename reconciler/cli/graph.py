"""The command `graph`: what refers to what, coloured by what would happen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from reconciler.cli.options import ConnectionFlags, connection_options, open_session, path_argument
from reconciler.render.terminal import put, say

if TYPE_CHECKING:
    from reconciler.model.review import Graph


@click.command()
@path_argument
@connection_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["mermaid", "dot", "svg"]),
    default="mermaid",
    show_default=True,
    help="The picture's language.",
)
@click.option("--offline", is_flag=True, help="The configuration alone, without a key: nothing is planned.")
def graph(path: Path, form: str, offline: bool, **flags: Unpack[ConnectionFlags]) -> None:
    """Draw what refers to what, coloured by what would happen.

    Makes a plan for that, and never writes. Mermaid and SVG draw a hundred objects at most, what changes first; DOT
    draws all.

    PATH is a folder (every *.yaml below it is merged) or one file.
    """
    from reconciler.render.graph import DotGraph, MermaidGraph, SvgGraph  # noqa: PLC0415 - `--help` need not load it
    from reconciler.render.graph.excerpt import excerpt  # noqa: PLC0415

    made = _configured(path, flags["environment"]) if offline else _planned(path, flags)
    left_out = excerpt(made).left_out
    if left_out and form != "dot":
        say(f"{left_out} --format dot draws all.")
    put(str({"mermaid": MermaidGraph, "dot": DotGraph, "svg": SvgGraph}[form](made)))


def _configured(path: Path, environment: str | None) -> Graph:
    from reconciler.config import read_configuration  # noqa: PLC0415 - `--help` need not load the stages
    from reconciler.review.graph import configured  # noqa: PLC0415
    from reconciler.stores import chosen_of  # noqa: PLC0415

    configuration = read_configuration(path)
    return configured(configuration.desired(chosen_of(configuration, environment)))


def _planned(path: Path, flags: ConnectionFlags) -> Graph:
    from reconciler import pipeline  # noqa: PLC0415 - `--help` need not load the stages
    from reconciler.plan import Options  # noqa: PLC0415

    with open_session(path, flags) as session:
        return pipeline.review(session, pipeline.plan(session, Options())).graph
