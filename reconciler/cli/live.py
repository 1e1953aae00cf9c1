"""The commands that look at the live project, and at what a plan of it would do. Some write YAML; none writes to it
but `send-test` and `doctor --probe`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from reconciler import commands, output
from reconciler.cli import options
from reconciler.errors import Exit, Refused, WrongUsage, find_worst
from reconciler.lazy import load
from reconciler.output.labels import format_api
from reconciler.output.terminal import escape, write_stderr, write_stdout
from reconciler.text import format_count

if TYPE_CHECKING:
    from reconciler.commands.edits import Written
    from reconciler.commands.session import Session
    from reconciler.model.results import Drift


@click.command()
@options.path_argument
@options.unsafe_flag("--adopt", help="Write the live values into the YAML, comments kept, for a pull request.")
@options.form_option(
    ["text", "json", "markdown"], "What stdout gets; markdown is for `comment`, which makes an issue of it."
)
@click.option("--fail-on", type=click.Choice(["health"]), help="Exit with 2 also if something does not deliver.")
@options.many_connection_options
def drift(path: Path, adopt: bool, form: str, fail_on: str | None, **flags: Unpack[options.ApiFlags]) -> None:
    """Show what somebody changed outside since the last apply, and what does not deliver.

    Exits with 2 if something was changed.
    """
    environments = options.choose_environments(path, flags)
    if adopt and environments.are_several:
        raise WrongUsage("--adopt takes one environment: the others may differ", hint="name it: --environment NAME")
    written: list[Written] = []

    def find(session: Session) -> Drift:
        if not adopt:
            return commands.drift.read_drift(session)
        found, wrote = commands.drift.adopt_drift(session)
        written.append(wrote)
        return found

    ended = environments.run(find)
    if form == "json":
        write_stdout(output.environments.render_ended_json(ended, output.listings.collect_drift_values))
    elif form == "markdown":
        write_stdout(load("reconciler.output.markdown.several:render_drifts")(ended))
    else:
        write_stdout(output.environments.render_drifts_text(ended))
    for each in written:
        _show_written(each)
    if form == "text" and not adopt and any(one.fields for each in ended if each.value for one in each.value.objects):
        write_stderr("hint: `drift --adopt` writes the live values into the YAML")
    found = [each.value and (each.value.objects or (fail_on and each.value.health)) for each in ended]
    codes = (Exit.PENDING if each else Exit.DONE for each in found)
    commands.environments.require_all(replace(each, code=code) for each, code in zip(ended, codes, strict=True))


@click.command("import")
@click.argument("address", required=False, shell_complete=options.complete("kinds"))
@click.argument("object_id", metavar="[ID]", required=False)
@options.path_argument
@options.flag("--all", "is_all", help="Every live object that is not managed, in place of ADDRESS ID.")
@click.option(
    "--match",
    "matches",
    multiple=True,
    metavar="PATTERN",
    help="Those whose names match: 'report \"Daily*\"'. May be given several times.",
)
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only of this kind. May be given several times.")
@click.option("--file", type=options.FILE, help="The file to write to; else SECTION.yaml.")
@options.connection_options
def import_(
    address: str | None,
    object_id: str | None,
    path: Path,
    is_all: bool,
    matches: tuple[str, ...],
    kinds: tuple[str, ...],
    file: Path | None,
    **flags: Unpack[options.ApiFlags],
) -> None:
    """Write the YAML for live objects, with the lines that adopt them.

    ADDRESS is the name that one object gets, for example report.daily-revenue; ID is the API's. With --all or --match,
    keys are made from names, and what other environments have already is written once:

    \b
      reconciler import report.daily-revenue wbRlfw1x
      reconciler import --all -e production
      reconciler import --match 'report "Daily*"' --match 'report "Weekly*"'
    """
    # Without an ID, the one argument is PATH.
    is_many = object_id is None
    if [not is_many, is_all, bool(matches)].count(True) != 1 or (kinds and not is_many):
        message = "expected one of ADDRESS ID, --all and --match; --kind narrows down the last two"
        raise WrongUsage(message, hint="`reconciler import --help` has an example of each")
    with options.open_session(Path(address or ".") if is_many else path, flags) as session:
        if is_many:
            imported = commands.imports.import_objects(session, kinds, matches, file)
        else:
            imported = commands.imports.import_object(session, address or "", object_id or "", file)
        chosen = f" -e {session.environment.name}" if len(session.configuration.environments) > 1 else ""
        message = f"{format_count(imported.count, 'object')} imported{format_api(session.transport.address)}"
    _show_written(imported)
    plan = (
        f"; `reconciler plan {session.configuration.path}{chosen}` adopts what was imported, and changes nothing for it"
    )
    write_stderr(message + plan if imported.count else message)


@click.command()
@options.path_argument
@options.connection_options
def export(path: Path, **flags: Unpack[options.ApiFlags]) -> None:
    """Write a live project as YAML into the folder PATH, and its state.

    A plan right after it is empty. The folder must not manage anything yet.
    """
    if path.exists() and not path.is_dir():
        raise WrongUsage(f"{path} is a file; expected the folder to write into")
    path.mkdir(parents=True, exist_ok=True)
    with options.open_session(path, flags) as session:
        exported = commands.export.export_project(session)
        for name in exported.files:
            if (path / name).exists():
                raise Refused(f"{path / name} is there already", hint="export into an empty folder")
        for name, text in exported.files.items():
            (path / name).parent.mkdir(exist_ok=True)
            (path / name).write_text(text, encoding="utf-8", newline="\n")
            write_stderr(f"wrote {path / name}")
        # The state comes last: with a state and without its files, a plan would delete everything.
        commands.export.write_exported_state(session, exported)
        write_stderr(f"wrote {session.backend.where}")
    for warning in exported.warnings:
        write_stderr(f"warning: {escape(warning)}")
    count = format_count(len(exported.entries), "object")
    plan = f"reconciler plan {path}" + (f" -e {flags['environment']}" if flags["environment"] else "")
    write_stderr(f"{count} exported{format_api(session.transport.address)}; `{plan}` has nothing to do now")


def _show_written(written: Written) -> None:
    for file in written.files:
        write_stderr(escape(f"wrote {file}"))
    for also in (*written.also, *written.also_changed):
        write_stderr(escape(str(also)))
    for text in written.left:
        write_stderr("\n".join(map(escape, f"left to you: {text}".split("\n"))))


@click.command()
@options.path_argument
@options.unsafe_flag("--probe", help="Also learn by objects of its own; a sandbox key only.")
@options.unsafe_flag("--auto-approve", help="With --probe: do not ask.")
@options.unsafe_option(
    "--allow",
    type=options.Guard(()),
    metavar="delete:KIND",
    multiple=True,
    help="With --probe: also objects of this kind, whose deletes are closed.",
)
@options.format_option
@options.many_connection_options
def doctor(
    path: Path, probe: bool, auto_approve: bool, allow: tuple[str, ...], form: str, **flags: Unpack[options.ApiFlags]
) -> None:
    """Check all that a plan needs: key, address, lists, state, git; and what is known of the API.

    It only reads, unless --probe is given. Warnings leave the exit code at 0.
    """
    if (allow or auto_approve) and not probe:
        raise WrongUsage("--allow and --auto-approve are options of --probe")
    environments = options.choose_environments(path, flags)
    if probe and environments.are_several:
        raise WrongUsage("--probe takes one environment", hint="name it: --environment NAME")
    found = commands.doctor.examine_all(path, environments.names or [None], environments.open)
    if probe and not found[0].exit_code:
        what = "make, change and delete objects of its own, which may be seen in production? Type yes to do it:"
        ask = partial(commands.environments.require_yes, f"{found[0].environment}: {what}")
        with environments.open() as session:
            facts, check = commands.probe.probe(session, allow, (lambda: None) if auto_approve else ask)
        by_text = {each.text: each for each in (*found[0].facts, *facts)}
        found = [replace(found[0], checks=(*found[0].checks, check), facts=tuple(by_text.values()))]
    write_stdout(output.listings.render_diagnoses(found, form))
    if code := find_worst(each.exit_code for each in found):
        raise SystemExit(code)


@click.command()
@click.argument("target", metavar="ADDRESS[.FIELD]", shell_complete=options.complete("addresses"))
@options.path_argument
@options.format_option
@options.connection_options
def explain(target: str, path: Path, form: str, **flags: Unpack[options.ApiFlags]) -> None:
    """Say why something is equal, different, ignored, moved or manual.

    The line of YAML, the live value, what was last applied and when, what the next apply does, and the rule that
    decides, with its source. ADDRESS is KIND.KEY, or KIND[ID] of a live object; FIELD may be nested:

    \b
      reconciler explain report.daily-revenue
      reconciler explain automation.welcome-flow.data.actions.push
      reconciler explain 'report[wbRlfw1x].send_at'
    """
    with options.open_session(path, flags) as session:
        found = commands.live.explain_address(session, target)
    write_stdout(output.explain.render(found, form))


@click.command()
@options.path_argument
@options.connection_options
@options.form_option(["mermaid", "dot", "svg"], "The picture's language.")
@options.flag("--offline", help="The configuration alone, without a key: nothing is planned.")
def graph(path: Path, form: str, offline: bool, **flags: Unpack[options.ApiFlags]) -> None:
    """Draw what refers to what, coloured by what would happen.

    Makes a plan for that, and never writes. Of many objects, Mermaid and SVG draw alike ones as one box, and a
    hundred boxes at most, what changes first; DOT draws all.

    PATH is a folder (every *.yaml below it is merged) or one file.
    """
    if offline:
        drawn = commands.live.graph_configuration(path, flags["environment"])
    else:
        with options.open_session(path, flags) as session:
            drawn = commands.live.graph_plan(session)
    _, left_out = output.graph.make_excerpt(drawn)
    if left_out and form != "dot":
        write_stderr(f"{left_out} --format dot draws all.")
    write_stdout(output.graph.PICTURES[form](drawn))


@click.command()
@options.path_argument
@options.format_option
@options.connection_options
def destinations(path: Path, form: str, **flags: Unpack[options.ApiFlags]) -> None:
    """List what reports can be sent to.

    Each destination with the line that is written for it, its label, and the integration that it is, if its id or its
    label proves that. A label that several destinations bear is marked.
    """
    with options.open_session(path, flags) as session:
        found = commands.live.list_destinations(session)
    write_stdout(output.listings.render_destinations(found, form))
    for warning in found.warnings if form == "text" else ():
        write_stderr(escape(f"warning: {warning}"))


@click.command("send-test")
@click.argument("address", shell_complete=options.complete("reports"))
@options.path_argument
@options.connection_options
def send_test(address: str, path: Path, **flags: Unpack[options.ApiFlags]) -> None:
    """Send a report once, now, to its destinations (at most once a minute)."""
    with options.open_session(path, flags) as session:
        write_stderr(f"{address}: {escape(commands.live.send_test(session, address))}")
