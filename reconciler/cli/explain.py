"""`reconciler explain`: why something is as it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from reconciler.cli.options import ConnectionFlags, connection_options, format_option, open_session, path_argument
from reconciler.output.terminal import escape, write_stderr, write_stdout

if TYPE_CHECKING:
    from reconciler.model.review import Graph


@click.command()
@path_argument
@format_option
@connection_options
def destinations(path: Path, form: str, **flags: Unpack[ConnectionFlags]) -> None:
    """List what reports can be sent to.

    Each destination with the line that is written for it, its label, and the integration that it is, if its id or its
    label proves that. A label that several destinations bear is marked.
    """
    from reconciler.commands.destinations import list_destinations  # noqa: PLC0415 - `--help` need not load the stages
    from reconciler.output.listings import destinations_json, destinations_text  # noqa: PLC0415

    with open_session(path, flags) as session:
        found = list_destinations(session)
    write_stdout(destinations_json(found) if form == "json" else destinations_text(found))
    for warning in found.warnings if form == "text" else ():
        write_stderr(escape(f"warning: {warning}"))


@click.command()
@click.argument("target", metavar="ADDRESS[.FIELD]")
@path_argument
@format_option
@connection_options
def explain(target: str, path: Path, form: str, **flags: Unpack[ConnectionFlags]) -> None:
    """Say why something is equal, different, ignored, moved or manual.

    The line of YAML, the live value, what was last applied and when, what the next apply does, and the rule that
    decides, with its source. ADDRESS is KIND.KEY, or KIND[ID] of a live object; FIELD may be nested:

    \b
      reconciler explain report.daily-revenue
      reconciler explain automation.welcome-flow.data.actions.push
      reconciler explain 'report[wbRlfw1x].send_at'
    """
    from reconciler.commands.explain import explain_address  # noqa: PLC0415 - `--help` need not load the stages
    from reconciler.output.explain import explanation_json, explanation_text  # noqa: PLC0415

    with open_session(path, flags) as session:
        found = explain_address(session, target)
    write_stdout(explanation_json(found) if form == "json" else explanation_text(found))


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
    from reconciler.output.graph import DotGraph, MermaidGraph, SvgGraph  # noqa: PLC0415 - `--help` need not load it
    from reconciler.output.graph.text import excerpt  # noqa: PLC0415

    made = _configured(path, flags["environment"]) if offline else _planned(path, flags)
    left_out = excerpt(made).left_out
    if left_out and form != "dot":
        write_stderr(f"{left_out} --format dot draws all.")
    write_stdout(str({"mermaid": MermaidGraph, "dot": DotGraph, "svg": SvgGraph}[form](made)))


def _configured(path: Path, environment: str | None) -> Graph:
    from reconciler.config import read_configuration  # noqa: PLC0415 - `--help` need not load the stages
    from reconciler.output.graph.references import configured  # noqa: PLC0415

    configuration = read_configuration(path)
    return configured(configuration.desired(configuration.environment(environment)))


def _planned(path: Path, flags: ConnectionFlags) -> Graph:
    from reconciler.commands import plan as planning  # noqa: PLC0415 - `--help` need not load the stages
    from reconciler.output.graph.references import make_graph  # noqa: PLC0415
    from reconciler.plan import Options  # noqa: PLC0415

    with open_session(path, flags) as session:
        planned = planning.plan(session, Options())
    return make_graph(planned.plan, planned.desired, planned.live)
