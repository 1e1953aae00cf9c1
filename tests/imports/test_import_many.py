"""`import --all` and `import --match`: many live objects at once, into a folder that lives."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from world import World, automation, integration, report

from reconciler.cli.main import run as command_line

from .projects import Projects, grown, two_projects

OURS = """\
# Where alerts go.
integrations:
  hook:   # the one and only
    title: Hook
    integration: webhooks
    target_platform: iOS
"""


def test_all_that_is_not_managed(world: World) -> None:
    """Keys from names, in natural order, references by key, an `imports` line each. A plan adopts, and nothing else."""
    world.settle(OURS)
    hook = world.id_of("integration.hook")
    other = world.insert("integrations", **integration("Other: hook"))
    ids = [world.insert("scheduled-reports", **report(f"Daily {number}", hook, other)) for number in (10, 2)]
    flow = world.insert("automations", **automation("Hook"))
    world.requests()
    done = world.run("import", "--all")
    assert done.code == 0, done.err
    assert "4 objects imported" in done.err
    assert (world.folder / "main.yaml").read_text(encoding="utf-8") == OURS
    text = (world.folder / "reports.yaml").read_text(encoding="utf-8")
    assert text.index("daily-2:") < text.index("daily-10:")
    assert "      - integration: hook\n      - integration: other-hook\n" in text
    assert f"imports:\n  - {{to: report.daily-2, id: {ids[1]}}}\n  - {{to: report.daily-10, id: {ids[0]}}}\n" in text
    assert f"  - {{to: automation.hook, id: {flow}}}\n" in (world.folder / "automations.yaml").read_text(
        encoding="utf-8"
    )
    assert set(world.plan().actions().values()) == {"adopt"}
    assert len(world.plan().actions()) == 4
    world.requests()
    assert world.apply().code == 0
    assert world.writes() == []
    assert world.plan().code == 0
    again = world.run("import", "--all")
    assert (again.code, "0 objects imported" in again.err) == (0, True), again.err


@pytest.fixture
def projects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], uses_network: None
) -> Iterator[Projects]:
    """Two empty projects, and one folder."""
    with two_projects(tmp_path, monkeypatch, capsys) as found:
        yield found


@pytest.mark.parametrize("first", ["import", pytest.param("export", marks=pytest.mark.exhaustive)])
def test_two_grown_projects_become_one_configuration(projects: Projects, first: str) -> None:
    """What is equal is written once, what differs becomes a variable, the rest has `only_in`. Both plans only adopt."""
    grown(projects, seed=17, count=60)
    done = projects.run(first, "sandbox", *(["--all"] if first == "import" else []))
    assert done.code == 0, done.err
    projects.settle("sandbox")
    done = projects.run("import", "production", "--all")
    assert done.code == 0, done.err
    assert "[{" not in projects.texts()["reconciler.yaml"], "a long line is broken"
    assert projects.texts()["reconciler.yaml"].startswith("# Who is who.\nenvironments:\n  sandbox:   # for tests\n")
    texts = projects.texts()
    for settled in (["production", "sandbox"], []):
        again = projects.run("import", "production", "--all")
        assert (again.code, "0 objects imported" in again.err) == (0, True), again.err
        assert projects.texts() == texts
        projects.settle(*settled)


def test_what_differs_is_a_variable_of_its_type(projects: Projects) -> None:
    """A value within `data` alone, a number as a number, references as references. What is managed keeps its lines."""
    for name, days, push in (("sandbox", 1, "s"), ("production", 7, "p")):
        world: World = getattr(projects, name)
        hook = world.insert("integrations", **integration("Hook"))
        world.insert("scheduled-reports", **report("Daily", hook, included_range_days=days))
        data = {"platform": "iOS", "initiators": [{"uid": "2", "type": "event"}], "actions": {"push": push}}
        world.insert("automations", **automation("Flow", data=data))
    assert projects.run("import", "sandbox", "--all").code == 0
    projects.settle("sandbox")
    done = projects.run(
        "import", "production", "--all", "--kind", "report", "--kind", "automation", "--kind", "integration"
    )
    assert done.code == 0, done.err
    assert (
        "report.daily.included_range_days: ${var.report_daily_included_range_days} is sandbox 1, production 7"
        in done.err
    )
    texts = projects.texts()
    assert "included_range_days: ${var.report_daily_included_range_days}" in texts["reports.yaml"]
    assert "push: ${var.automation_flow_data_actions_push}" in texts["automations.yaml"]
    assert "only_in" not in "".join(texts.values())
    assert "- {to: integration.hook, id: {sandbox: " in texts["integrations.yaml"]
    assert "report_daily_included_range_days: 7" in texts["reconciler.yaml"]
    projects.settle("production", "sandbox")


def test_what_is_alike_is_one_variable(projects: Projects, capsys: pytest.CaptureFixture[str]) -> None:
    """One for each field with the same values, and one for the words that names have more at one end. Both projects
    adopt only, and what folds has the variables in it."""
    projects.settings("variables: {report_environment: other}", "variables: {report_environment: other}")
    for name, prefix, at in (("sandbox", "[test] ", "10:00"), ("production", "", "09:00")):
        world: World = getattr(projects, name)
        hooks = [world.insert("integrations", **integration(f"{prefix}Hook {number}")) for number in (1, 2)]
        for app in ("chess", "go", "sudoku"):
            fields = report(f"{prefix}Daily {app}", hooks[0], environment=name, send_at=at)
            world.insert("scheduled-reports", **fields)
            world.insert("automations", **automation(f"Flow {app}", caption=f"{prefix}For {app}"))
    assert projects.run("export", "sandbox").code == 0
    done = projects.run("import", "production", "--all")
    assert done.code == 0, done.err
    assert '${var.prefix} is sandbox "[test] ", production ""\n' in done.err
    texts = projects.texts()
    assert (
        '{report_environment: other, prefix: "[test] ", report_environment_2: sandbox, report_send_at: "10:00"}'
        in (texts["reconciler.yaml"])
    )
    assert "only_in" not in "".join(texts.values())
    projects.settle("production", "sandbox")
    assert command_line(["fold", str(projects.folder), "--write"]) == 0
    capsys.readouterr()
    texts = projects.texts()
    assert 'report_name: "${var.prefix}Daily ${each.item}"\n' in texts["reports.yaml"]
    assert 'caption: "${var.prefix}For ${each.item}"\n' in texts["automations.yaml"]
    projects.settle("production", "sandbox")


def test_a_second_import_takes_the_variables_of_the_first(projects: Projects) -> None:
    """If they have the same values. One value alone gets a name of its own."""
    for name in ("sandbox", "production"):
        world: World = getattr(projects, name)
        hook = world.insert("integrations", **integration("Hook"))
        for number, days in ((1, 1), (2, 1), (3, 1), (4, 1), (5, 3)):
            live = report(f"Daily {number}", hook, included_range_days=days if name == "sandbox" else 7)
            world.insert("scheduled-reports", **live)
    assert projects.run("export", "sandbox").code == 0
    for names in ("[12]", "[345]"):
        done = projects.run("import", "production", "--match", f'report "Daily {names}"')
        assert done.code == 0, done.err
    variables = "{prefix: live, report_included_range_days: 7, report_daily_5_included_range_days: 7}"
    assert variables in projects.texts()["reconciler.yaml"]


@pytest.mark.parametrize("prefix", ["Test ", "Test-"])
def test_names_of_two_are_no_prefix_if_words_or_number_are_missing(projects: Projects, prefix: str) -> None:
    """One name with more words, or a part of a word: each project keeps its own."""
    for name in ("sandbox", "production"):
        world: World = getattr(projects, name)
        for number in range(1 if prefix == "Test " else 3):
            world.insert("automations", **automation(f"{prefix if name == 'sandbox' else ''}Flow {number}"))
    assert projects.run("export", "sandbox").code == 0
    assert projects.run("import", "production", "--all").code == 0
    assert "${var." not in "".join(projects.texts().values())
    projects.settle("production", "sandbox")


def test_a_dollar_before_a_variable_would_hide_it(projects: Projects) -> None:
    """So such a text is the value of a variable as a whole, also if several have the same words more."""
    for name, suffix in (("sandbox", " (test)"), ("production", "")):
        world: World = getattr(projects, name)
        for letter in "AB":
            world.insert("automations", **automation(f"{letter}${suffix}", caption=f"{letter}{suffix}"))
    assert projects.run("export", "sandbox").code == 0
    assert projects.run("import", "production", "--all").code == 0
    text = projects.texts()["automations.yaml"]
    assert "caption: A${var.suffix}\n" in text
    assert "name: ${var.automation_a_test_name}\n" in text
    projects.settle("production", "sandbox")


def test_an_integration_that_is_not_imported_is_an_id(world: World) -> None:
    """And that is said. Once it is managed, a report that is imported refers to it."""
    hook = world.insert("integrations", **integration("Hook"))
    for name in ("A", "B"):
        world.insert("scheduled-reports", **report(name, hook))
    done = world.run("import", "--match", "report A")
    said = f'written by id, because it is not managed: integration {hook} ("Hook"); if you import it too, write'
    assert (done.code, said in done.err) == (0, True), done.err
    assert f"id: {hook}}}" in (world.folder / "reports.yaml").read_text(encoding="utf-8")
    assert world.run("import", "--match", "integration Hook").code == 0
    done = world.run("import", "--all")
    assert (done.code, "by id" in done.err) == (0, False), done.err
    assert "- integration: hook\n" in (world.folder / "reports.yaml").read_text(encoding="utf-8")
    assert set(world.plan().actions().values()) == {"adopt"}
    assert world.apply().code == 0
    assert world.plan().code == 0


SHARED = """\
# Ours.
defaults:
  reports: {included_range_days: 1, status: active, environment: production}
integrations:
  hook: {title: Hook, integration: webhooks, target_platform: iOS}
reports:
  alone: {report_name: "${var.prefix} Alone", send_at: "09:00", destinations: [{integration: hook}]}   # by hand
  kept: {report_name: Kept, send_at: "${var.prefix}", destinations: [{integration: hook}], only_in: [sandbox]}
  each:
    for_each: {app: [chess, go]}
    report_name: "Each ${each.app}"
    send_at: "09:00"
    destinations: [{integration: hook}]
"""


def test_what_comes_from_variables_or_for_each_is_not_rewritten(projects: Projects) -> None:
    """A variable: a block of its own. An instance: refused, with the line to write. A default is overridden."""
    projects.settings('variables: {prefix: "08:00"}', 'variables: {prefix: "10:00"}')
    (projects.folder / "main.yaml").write_bytes(SHARED.replace("\n", "\r\n").encode())
    assert projects.run("apply", "sandbox", "--auto-approve").code == 0
    live = projects.production
    hook = live.insert("integrations", **integration("Hook"))
    live.insert("scheduled-reports", **report("10:00 Alone", hook, included_range_days=7))
    live.insert("scheduled-reports", **report("Kept", hook, send_at="11:00"))
    chess, go = (
        live.insert("scheduled-reports", **report(f"Each {app}", hook, send_at=at))
        for app, at in (("chess", "09:00"), ("go", "10:00"))
    )
    texts, line = projects.texts(), f"imports:\n  - {{to: report.each-go, id: {{production: {go}}}}}\n"
    done = projects.run("import", "production", "--all")
    assert (done.code, projects.texts(), line in done.err) == (5, texts, True), done.err
    (projects.folder / "go.yaml").write_text(line, encoding="utf-8")
    done = projects.run("import", "production", "--all")
    assert done.code == 0, done.err
    assert "report.kept cannot be it, since" in done.err
    text = (projects.folder / "main.yaml").read_bytes().decode()
    assert text.count("\n") == text.count("\r\n")
    assert "   # by hand" in text
    assert 'included_range_days: "${var.report_alone_included_range_days}"' in text
    assert "each-chess" in projects.texts()["reports.yaml"]
    planned = projects.planned("production")
    assert planned.pop("report.each-go") == "update"
    assert set(planned.values()) == {"adopt"}
    assert planned.keys() >= {"integration.hook", "report.each-chess", "report.kept-" + _id(live, "Kept")}
    assert projects.planned("sandbox") == {}
    assert chess


def _id(world: World, name: str) -> str:
    return str(next(each["id"] for each in world.live("scheduled-reports") if each["report_name"] == name)).lower()


FLOW = "{name: Flow, status: active, caption: '', data: {actions: {push: p1}}, only_in: [%s]}"


def test_a_line_with_one_id_gets_an_id_for_each_environment(projects: Projects) -> None:
    """It was written for the one environment of its resource. Comments stay, and so does the style."""
    made = projects.sandbox.insert("automations", **automation("Flow"))
    other = projects.production.insert("automations", **automation("Flow", caption="Two"))
    line = "imports:\n  - {to: automation.flow, id: %s}   # mine\n"
    (projects.folder / "main.yaml").write_text(
        f"automations:\n  flow: {FLOW % 'sandbox'}\n{line % made}", encoding="utf-8"
    )
    projects.settle("sandbox")
    done = projects.run("import", "production", "--match", "automation Flow")
    assert done.code == 0, done.err
    text = projects.texts()["main.yaml"]
    assert line % f"{{sandbox: {made}, production: {other}}}" in text
    assert "only_in" not in text
    projects.settle("production", "sandbox")


def test_two_resources_that_an_object_could_be(projects: Projects) -> None:
    """It gets a block of its own, and that is said."""
    staging = "staging: {variables: {prefix: x}}"
    projects.settings(production=f"variables: {{prefix: live}}\n  {staging}")
    text = f"automations:\n  flow-a: {FLOW % 'sandbox'}\n  flow-b: {FLOW % 'staging'}\n"
    (projects.folder / "main.yaml").write_text(text, encoding="utf-8")
    projects.production.insert("automations", **automation("Flow"))
    done = projects.run("import", "production", "--all")
    assert (done.code, "automation.flow-a, automation.flow-b could be it" in done.err) == (0, True), done.err
    assert projects.texts()["main.yaml"] == text
    assert "  flow:\n    only_in:\n      - production\n" in projects.texts()["automations.yaml"]
    projects.settle("production")


def test_defaults_that_would_change_an_object_leave_it_out(world: World) -> None:
    """Written fields win over them. What cannot be overridden is left out, with the place of the default."""
    world.write("defaults: {automations: {data: {note: x}}, reports: {status: draft}}\nintegrations: {}\n")
    hook = world.insert("integrations", **integration("Hook"))
    world.insert("scheduled-reports", **report("Daily", hook))
    flow = world.insert("automations", **automation("Flow"))
    done = world.run("import", "--all")
    assert done.code == 0, done.err
    assert f"automation {flow} (" in done.err
    assert "main.yaml:1:" in done.err
    assert world.plan().actions() == {"integration.hook": "adopt", "report.daily": "adopt"}


def test_a_pattern_of_names(world: World) -> None:
    """Case counts. Several may be given; one that fits nothing is a mistake, and so is one of no kind."""
    hook = world.insert("integrations", **integration("Hook"))
    for name in ("Daily A", "daily b", 'Weekly "C"\nD', "Other"):
        world.insert("scheduled-reports", **report(name, hook))
    before = {"main.yaml": b"reports: {}   # none yet\n"}
    (world.folder / "main.yaml").write_bytes(before["main.yaml"])
    for words, said in (
        (["--match", 'report "Dayly A"'], 'there is no live report "Dayly A"; did you mean "Daily A"?'),
        (["--match", 'reprot "Daily*"'], 'did you mean "report"?'),
        (["--match", "report"], "--match report: expected a kind and a pattern of names"),
        (["--all", "--kind", "reports"], "there is no kind reports"),
        (["--all", "--match", 'report "*"'], "expected one of ADDRESS ID, --all and --match"),
        (["--kind", "report"], "expected one of ADDRESS ID, --all and --match"),
    ):
        done = world.run("import", *words)
        assert (done.code, said in done.err) == (64, True), done.err
    assert {path.name: path.read_bytes() for path in world.folder.glob("*.yaml")} == before
    main = str(world.folder / "main.yaml")
    done = world.run("import", "--match", 'report "Daily*"', "--match", 'report "Weekly "*"', "--file", main)
    assert done.code == 0, done.err
    assert world.plan().actions() == {"report.daily-a": "adopt", "report.weekly-c-d": "adopt"}
    assert "# none yet" in (world.folder / "main.yaml").read_text(encoding="utf-8")


def test_each_cause_is_told_once(world: World) -> None:
    """Two of one name, a status that may not be written: one line a cause. What we deleted stays out."""
    world.settle(OURS + "automations: {gone: {name: Gone, status: active, data: {actions: {push: p}}}}\n")
    world.insert("integrations", **integration("Hook"))
    for _ in range(2):
        world.insert("automations", **automation("Twin"))
    for number in range(3):
        world.insert("automations", **automation(f"Odd {number}", status="unknown"))
    done = world.run("import", "--all")
    assert done.code == 0, done.err
    assert done.err.count("left to you") == 3
    assert "0 objects imported" in done.err
    assert [path.name for path in world.folder.glob("*.yaml")] == ["main.yaml"]


def test_a_write_that_fails_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second of two files is too large for the file system: the first is as it was."""
    world.settle(OURS)
    world.insert("integrations", **integration("Other"))
    world.insert("automations", **automation("Flow", data={"actions": {"push": "p"}, "note": "x" * 50_000}))
    (world.folder / "integrations.yaml").write_text("# mine\n", encoding="utf-8")
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # the limit would cut it off, for all that import it later
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        done = world.run("import", "--all")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (done.code, "automations.yaml: cannot be written" in done.err) == (5, True), done.err
    assert (world.folder / "integrations.yaml").read_text(encoding="utf-8") == "# mine\n"
    assert not (world.folder / "automations.yaml").exists()


def test_an_empty_folder(world: World) -> None:
    """It gets its first files."""
    world.insert("integrations", **integration("Hook"))
    assert world.run("import", "--all").code == 0
    assert world.plan().actions() == {"integration.hook": "adopt"}


@pytest.mark.exhaustive
def test_two_thousand_objects(world: World) -> None:
    """In one go, each file written once."""
    for number in range(1000):
        world.insert("integrations", **integration(f"Hook {number}"))
        world.insert("automations", **automation(f"Flow {number}"))
    world.requests()
    done = world.run("import", "--all")
    assert (done.code, done.err.count("wrote ")) == (0, 2), done.err
    assert len(world.requests()) < 50
    assert list(world.plan().actions().values()) == ["adopt"] * 2000
