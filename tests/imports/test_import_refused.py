"""`import --all` into a folder that has the names of live objects: a plan after it only adopts, or it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from world import World, integration, report

from .projects import Projects, two_projects

HOOK = "integrations:\n  hook: {title: Hook, integration: webhooks, target_platform: iOS}\n"
REST = "included_range_days: 1, status: active, environment: production, destinations: [{integration: hook}]"
EACH = f"reports:\n  app: {{for_each: {{n: [x, y]}}, report_name: 'App ${{each.n}}', send_at: '09:00', {REST}}}\n"
ANCHOR = f"x-a: &a {{send_at: '09:00', {REST}}}\nreports:\n  app: {{<<: *a, report_name: App x}}\n"
OURS = f"reports:\n  app: {{only_in: [production], report_name: App x, send_at: '09:00', {REST}}}\n"


@pytest.fixture
def projects(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], uses_network: None
) -> Iterator[Projects]:
    """Two empty projects, and one folder."""
    with two_projects(tmp_path, monkeypatch, capsys) as found:
        yield found


def live(projects: Projects, name: str = "App x", send_at: str = "10:00") -> str:
    """A report in production, to the hook; gives its id."""
    hooks = [str(each["id"]) for each in projects.production.live("integrations")]
    hook = hooks[0] if hooks else projects.production.insert("integrations", **integration("Hook"))
    return projects.production.insert("scheduled-reports", **report(name, hook, send_at=send_at))


def write(projects: Projects, text: str) -> None:
    """The configuration, applied in the sandbox."""
    (projects.folder / "main.yaml").write_text(HOOK + text, encoding="utf-8")
    done = projects.run("apply", "sandbox", "--auto-approve")
    assert done.code == 0, done.err


CASES = {
    "a for_each": (EACH, "report.app-x", "4:3", "4:62", "a for_each makes it"),
    "an anchor": (ANCHOR, "report.app", "5:3", "3:10", "an anchor, an alias"),
    "by hand, for here alone": (OURS, "report.app", "4:3", "4:52", "it differs"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_a_plan_would_change_is_refused(projects: Projects, case: str) -> None:
    """Before anything is written, with both places and the line that allows it. After that line the rest is adopted."""
    text, address, place, spot, why = CASES[case]
    write(projects, text)
    made, texts = live(projects), projects.texts()
    refused = projects.run("import", "production", "--all")
    main = projects.folder / "main.yaml"
    assert (refused.code, projects.texts()) == (5, texts), refused.err
    assert f'{main}:{place}: {address} is report {made} ("App x"): ' in refused.err
    assert f"(send_at: {main}:{spot})\n" in refused.err
    assert why in refused.err
    lines = refused.err[refused.err.index("imports:\n") :]
    assert lines == f"imports:\n  - {{to: {address}, id: {{production: {made}}}}}\n"
    with main.open("a", encoding="utf-8") as file:
        file.write(lines)
    done = projects.run("import", "production", "--all")
    assert done.code == 0, done.err
    planned = projects.planned("production")
    assert (planned.pop(address), planned.pop("report.app-y", "create")) == ("update", "create")
    assert planned == {"integration.hook": "adopt"}


def test_what_a_plan_would_make_a_second_time_is_refused(projects: Projects) -> None:
    """An instance with the name of a live report, but with another environment: a plan would create it beside that."""
    write(projects, EACH.replace("environment: production", "environment: sandbox"))
    made, texts = live(projects), projects.texts()
    refused = projects.run("import", "production", "--all")
    assert (refused.code, projects.texts()) == (5, texts), refused.err
    assert "send_at, environment differs, and a for_each makes it (create)\n" in refused.err
    assert f"  - {{to: report.app-x, id: {{production: {made}}}}}\n" in refused.err


def test_an_integration_in_error_that_defaults_activate_is_refused(projects: Projects) -> None:
    """`error` cannot be written, and a plan would activate it. Without the default it gets a block without a status."""
    default = "defaults: {integrations: {status: active}}\n"
    write(projects, default)
    made = projects.production.insert("integrations", **integration("Hook", active=2))
    refused = projects.run("import", "production", "--all")
    main = projects.folder / "main.yaml"
    assert (refused.code, f'integration.hook is integration {made} ("Hook")' in refused.err) == (5, True), refused.err
    main.write_text(HOOK.replace("iOS", "iOS, status: active"), encoding="utf-8")
    done = projects.run("import", "production", "--all")
    assert (done.code, 'its status is not written: the server sets "error"; YAML can say' in done.err) == (
        0,
        True,
    ), done.err
    projects.settle("production", "sandbox")


def test_only_in_is_a_way_on(projects: Projects) -> None:
    """Then the object gets a block of its own, and both plans only adopt."""
    write(projects, EACH.replace("{for_each", "{only_in: [sandbox], for_each"))
    live(projects)
    assert projects.run("import", "production", "--all").code == 0
    assert len(projects.planned("production")) == 2
    projects.settle("production", "sandbox")


def test_all_are_named_at_once_and_only_those_that_are_selected(projects: Projects) -> None:
    """Another report passes with --match, and an equal instance needs no line."""
    write(projects, EACH.replace("[x, y]", "[x, y, z]"))
    for name in ("App x", "App y", "Other"):
        live(projects, name)
    live(projects, "App z", "09:00")
    refused = projects.run("import", "production", "--all")
    assert (refused.code, refused.err.count("  - {to: report.app-")) == (5, 2), refused.err
    done = projects.run("import", "production", "--match", 'report "Other"', "--match", 'report "App z"')
    assert done.code == 0, done.err
    assert "left to you: besides the imports, the plan has 2 other changes: update report.app-x" in done.err
    assert {name for name, action in projects.planned("production").items() if action == "adopt"} == {
        "report.other",
        "report.app-z",
        "integration.hook",
    }


def test_a_for_each_that_no_object_is_gets_an_only_in(projects: Projects) -> None:
    """As a whole. If an object is one of its resources, the others stay, and it is said that a plan creates them."""
    other = EACH.replace("reports:\n  app", "  other").replace("App", "Other")
    write(projects, EACH + other)
    live(projects, "App x", "09:00")
    done = projects.run("import", "production", "--all")
    assert done.code == 0, done.err
    assert "no such object: report.other-x, report.other-y\n" in done.err
    assert "besides the imports, the plan has 1 other change: create report.app-y\n" in done.err
    assert projects.texts()["main.yaml"].count("only_in: [sandbox]") == 1
    assert projects.planned("production") == {
        "integration.hook": "adopt",
        "report.app-x": "adopt",
        "report.app-y": "create",
    }
    assert projects.planned("sandbox") == {}


def test_the_target_of_a_move_gets_no_line(projects: Projects) -> None:
    """An address may stand in one block only. Its name says which object it is."""
    write(projects, f"moved: [{{from: report.old, to: report.app}}]\n{ANCHOR.replace('App x', 'App y')}")
    live(projects, "App y", "09:00")
    done = projects.run("import", "production", "--all")
    assert done.code == 0, done.err
    projects.settle("production", "sandbox")


def test_a_moved_object_that_drifted_is_managed(world: World) -> None:
    """The state knows it by its old address, so it is not refused."""
    world.settle(f"{HOOK}reports:\n  app: {{report_name: App, send_at: '09:00', {REST}}}\n")
    world.edit("scheduled-reports", world.id_of("report.app"), send_at="11:00")
    new = f"{HOOK}moved: [{{from: report.app, to: report.new}}]\n"
    world.write(f"{new}reports:\n  new: {{report_name: App, send_at: '09:00', {REST}}}\n")
    done = world.run("import", "--all")
    assert (done.code, "update report.new" in done.err) == (0, True), done.err


def test_two_live_objects_of_one_name(projects: Projects) -> None:
    """A resource of that name is left out of the environment, and neither object is touched."""
    write(projects, ANCHOR.replace("<<: *a", f"send_at: '09:00', {REST}"))
    for _ in range(2):
        live(projects)
    done = projects.run("import", "production", "--all")
    assert (done.code, "rename one in the dashboard" in done.err) == (0, True), done.err
    projects.settle("production", "sandbox")


def test_reports_alone_have_ids_if_no_name_says_which_integration_it_is(projects: Projects) -> None:
    """The integrations have other names here, so a plan would not adopt them yet."""
    for name, prefix in (("sandbox", "Test "), ("production", "")):
        world: World = getattr(projects, name)
        hook, _ = (world.insert("integrations", **integration(f"{prefix}Hook {number}")) for number in (1, 2))
        world.insert("scheduled-reports", **report("Daily", hook))
    assert projects.run("export", "sandbox").code == 0
    done = projects.run("import", "production", "--all", "--kind", "report")
    assert (done.code, "written by id, because it is not managed: integration" in done.err) == (0, True), done.err
    assert projects.planned("production").pop("report.daily") == "adopt"
    done = projects.run("import", "production", "--all")
    assert done.code == 0, done.err
    projects.settle("production", "sandbox")


def test_reports_alone_refer_to_an_integration_that_is_written(projects: Projects) -> None:
    """Also if it is not imported in this run: the plan adopts it by its name."""
    write(projects, ANCHOR.replace("<<: *a", f"send_at: '09:00', {REST}"))
    live(projects, send_at="09:00")
    done = projects.run("import", "production", "--all", "--kind", "report")
    assert done.code == 0, done.err
    assert "${var." not in "".join(projects.texts().values())
    projects.settle("production", "sandbox")


DAILY = f"reports:\n  daily: {{report_name: Daily, send_at: '09:00', {REST}}}\n"


def test_kind_by_kind_begins_with_what_reports_of_others_use(projects: Projects) -> None:
    """Production lacks the hook, which a report that is not imported yet still needs: it gets its `only_in` with it."""
    write(projects, DAILY)
    live(projects, "Other")
    projects.production.edit("integrations", projects.production.live("integrations")[0]["id"], title="Another")
    for flags in (("--kind", "integration"), ()):
        done = projects.run("import", "production", "--all", *flags)
        assert done.code == 0, done.err
    projects.settle("production")


def test_what_was_imported_before_keeps_what_it_refers_to(projects: Projects) -> None:
    """The hook is in error in production, so it cannot be the one that is written, and an `only_in` would break the
    report of the first import: the refusal has the line that allows it."""
    write(projects, DAILY)
    main = projects.folder / "main.yaml"
    main.write_text(main.read_text(encoding="utf-8").replace("iOS}", "iOS, status: active}"), encoding="utf-8")
    live(projects, "Daily", "09:00")
    hook = str(projects.production.live("integrations")[0]["id"])
    projects.production.edit("integrations", hook, active=2)
    first = projects.run("import", "production", "--all", "--kind", "report")
    assert first.code == 0, first.err
    refused = projects.run("import", "production", "--all")
    assert refused.code == 5, refused.err
    line = f"imports:\n  - {{to: integration.hook, id: {{production: {hook}}}}}\n"
    assert refused.err.endswith(line)


def test_a_pattern_narrows_what_fits_it_and_is_not_live(projects: Projects) -> None:
    """What one project alone has gets `only_in`, as far as the pattern goes; a plan of these reports only adopts."""
    names = {"a": "Daily a", "b": "Daily b", "c": "Other"}
    each = [f"  {key}: {{report_name: {name}, send_at: '09:00', {REST}}}\n" for key, name in names.items()]
    write(projects, "".join(["reports:\n", *each]))
    live(projects, "Daily a", send_at="09:00")
    done = projects.run("import", "production", "--match", 'report "Daily*"')
    assert done.code == 0, done.err
    changes = projects.run("plan", "production", "--format", "json").document["changes"]
    assert {one["address"]: one["action"] for one in changes if one["address"] != "integration.hook"} == {
        "report.a": "adopt",
        "report.c": "create",
    }
