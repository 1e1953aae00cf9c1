"""What drift, explain and apply say on a terminal: at its width, by name, and each thing once."""

from __future__ import annotations

import re

import pytest
from offenders import for_all
from world import World, without_excerpts

from reconciler.cli.main import run
from reconciler.text import wrap

TEAM = """
    integrations:
      hook: {title: Hook, integration: webhooks, target_platform: iOS, status: active}
      more: {title: More, integration: slack, target_platform: iOS}
    reports:
      daily: &report
        report_name: Daily
        send_at: "09:00"
        included_range_days: 1
        status: active
        environment: production
        destinations: [{integration: hook}, {integration: more}]
      weekly: {<<: *report, report_name: Weekly}
    automations:
      flow:
        name: Flow
        caption: Sends a message to everybody who did not finish the purchase within three days
        status: active
        data: {platform: iOS, initiators: [{uid: "2", type: event}], actions: {push: p1}}
    """
FLOW = "  f{0}: {{name: F{0}, status: active, data: {{platform: iOS, actions: {{push: p1}}}}}}\n"
FLOWS = "automations:\n" + "".join(map(FLOW.format, range(12)))
WIDTHS = pytest.mark.parametrize("columns", [60, 80, 120])
ADDRESS = re.compile(r"\(API: http://127\.0\.0\.1:\d+/v4\)")


def drifted(world: World) -> None:
    """An applied team, and edits of each sort in the dashboard."""
    world.settle(TEAM)
    world.insert("destinations", id="int-email-01", label="Email: Reports team")
    world.edit(
        "scheduled-reports",
        world.id_of("report.daily"),
        send_at="11:00",
        destinations=[{"type": "target_integration", "id": "int-email-01"}],
    )
    data = {"platform": "iOS", "initiators": [{"uid": "3", "type": "event"}], "actions": {"push": "p1"}}
    caption = "Sends a message to everybody who did not finish the purchase within a week, and to all of their friends"
    world.edit("automations", world.id_of("automation.flow"), caption=caption, data=data)


def explained(world: World, target: str) -> str:
    """The target stands before the folder."""
    world._capsys.readouterr()
    assert run(["explain", target, str(world.folder)]) == 0
    return world._capsys.readouterr().out


@WIDTHS
def test_nothing_is_wider_than_the_terminal(world: World, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """Of drift, explanations and reports; only a word that is longer itself is, and no line ends within one."""
    drifted(world)
    monkeypatch.chdir(world.folder)
    monkeypatch.setenv("COLUMNS", str(columns))
    texts = [world.run("drift").out, explained(world, "report.daily"), explained(world, "automation.flow")]
    texts += [explained(world, "report.daily.destinations"), world.run("destinations").out, world.run("history").out]
    world.fault('PUT /automations/*: status 422, message="a push cannot be sent to people without a device at all"')
    texts += [world.run("apply", "--auto-approve").out]
    whole = world.run("destinations").out
    for line in "\n".join(texts).splitlines():
        assert len(line) <= columns or len(line.split()) < 3 or line.strip() in whole, line
    assert "{type: target_integration, id: int-email-01}" in texts[4]


def test_a_log_has_a_line_for_each_sentence(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that it can be searched: without a terminal, every text for people is as on one that is wide enough."""
    drifted(world)
    world.fault('PUT /automations/*: status 422, message="a push cannot be sent to people without a device at all"')

    def texts() -> list[str]:
        shown = [world.run(command).out for command in ("drift", "destinations", "history", "plan")]
        return [*shown, explained(world, "automation.flow"), explained(world, "report.daily.destinations")]

    logged = texts()
    monkeypatch.setenv("COLUMNS", "1000")
    assert logged == texts()
    monkeypatch.delenv("COLUMNS")
    failed = [
        line for line in world.run("apply", "--auto-approve").out.splitlines() if "without a device at all" in line
    ]
    assert failed[0].startswith("  failed: update automation.flow: ")


def test_headings_name_an_address_that_is_not_the_vendors(world: World) -> None:
    """A plan, a report, drift, an explanation and the destinations, each in its first line."""
    drifted(world)
    for text in (
        world.run("drift").out,
        explained(world, "report.daily"),
        world.run("destinations").out,
        world.run("plan").out,
        world.run("apply", "--auto-approve").out,
    ):
        heading = text.split("\n\n")[0]
        assert ADDRESS.search(heading), text


def test_destinations_have_names(world: World) -> None:
    """What people call them, with their ids; no JSON in drift and explanations."""
    drifted(world)
    hook = world.id_of("integration.hook")
    for text in (world.run("drift").out, explained(world, "report.daily"), explained(world, "report.daily.send_at")):
        assert "target_integration" not in text
    assert f"        - integration.hook ({hook})\n" in world.run("drift").out
    assert "        + Email: Reports team (int-email-01)\n" in world.run("drift").out
    assert "      in the YAML: integration.hook, integration.more\n" in explained(world, "report.daily")
    assert "Reports team (int-email-01)" in world.run("drift", "--format", "markdown").out


def test_edits_that_are_alike_are_one(world: World) -> None:
    """Three and more: what was edited once, with the first addresses."""
    world.settle(FLOWS)
    for record in world.live("automations"):
        world.edit("automations", record["id"], status="paused")
    world.edit("automations", world.id_of("automation.f0"), status="inactive")
    text = world.run("drift").out
    assert text.count('"active" was applied') == 2
    assert "\n  ~ 11 automations alike\n" in text
    assert "automation.f5, automation.f6, … and 3 more; --format json lists all" in " ".join(text.split())
    assert len(world.run("drift", "--format", "json").document["drift"]) == 12


def test_what_failed_is_told_once(world: World) -> None:
    """Its cause stands in the report alone, once for all that failed alike, with what to do."""
    world.write(TEAM)
    world.fault('POST /scheduled-reports: status 422, message="no reports on Sundays"')
    done = world.run("apply", "--auto-approve")
    assert done.code == 6
    assert " ".join((done.out + done.err).split()).count("no reports on Sundays") == 1
    assert "create report.daily: failed\n" in done.err
    assert "  failed: create 2 objects: POST " in done.out
    assert "      report.daily, report.weekly\n" in done.out
    assert done.out.endswith("hint: remove the causes and apply again; what is done stays as it is\n")


def test_of_many_failures_the_first_are_named(world: World) -> None:
    """The next plan has them all."""
    world.write(FLOWS)
    world.fault('POST /automations: status 422, message="no"')
    text = " ".join(world.run("apply", "--auto-approve").out.split())
    assert "failed: create 12 objects: POST /automations answered 422" in text
    assert "automation.f4, automation.f5, … and 4 more, which the next plan shows" in text


def test_what_depends_on_a_failure_is_one_line(world: World) -> None:
    """All that was skipped for the sake of one address."""
    world.write(TEAM)
    world.fault('POST /integrations: status 422, message="no more hooks", n=1')
    done = world.run("apply", "--auto-approve")
    assert re.search(r"  skipped: create 2 objects: because of integration\.\w+\n", done.out), done.out


@WIDTHS
def test_errors_and_hints_are_broken_too(world: World, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    """Problems, refusals and wrong usage; in a log, each problem is one line."""
    monkeypatch.chdir(world.folder)
    world.write(TEAM.replace("Slack", "slack").replace("[{integration: hook}", "[{integration: hoook}"))
    whole = run_here(world, "validate")
    assert len(whole.splitlines()[0]) > 60
    monkeypatch.setenv("COLUMNS", str(columns))
    broken = run_here(world, "validate")
    assert " ".join(without_excerpts(broken)).split() == " ".join(without_excerpts(whole)).split()
    world.settle(TEAM)
    world.write("automations: {}")
    texts = [
        broken,
        run_here(world, "plan"),
        run_here(world, "plan", "--plan", "x"),
        run_here(world, "state", "rm", "a"),
    ]
    for line in "\n".join(texts).splitlines():
        assert len(line) <= columns or " " not in line.strip(), line


def test_no_broken_line_is_a_command(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """To GitHub, what stands in the middle of a line is none; at a line's beginning it is escaped."""
    monkeypatch.setenv("COLUMNS", "60")
    words = "::error::x " * 30
    world.settle(TEAM)
    world.edit("scheduled-reports", world.id_of("report.daily"), report_name=words)
    texts = [world.run("drift").out, explained(world, "report.daily"), world.run("plan").out]
    world.fault(f'PUT /scheduled-reports/*: status 422, message="{words}"')
    done = world.run("apply", "--auto-approve")
    world.write(f"reports: {{daily: {{report_name: 1, send_at: '{words}'}}}}")
    texts += [done.out, done.err, world.run("validate").err]
    lines = "\n".join(texts).splitlines()
    assert [line for line in lines if line.strip().startswith("\\u003a:error")]
    assert not [line for line in lines if line.strip().startswith("::")]


def run_here(world: World, *arguments: str) -> str:
    """What is said on stderr of the folder that the shell is in."""
    world._capsys.readouterr()
    assert run(list(arguments)) != 0
    return world._capsys.readouterr().err


@for_all(
    ("text", "broken"),
    [
        ("hint: run `reconciler plan --out x.plan` and `x`", "hint: run\n  `reconciler plan --out x.plan`\n  and `x`"),
        ("write {type: target_integration, id: x} here", "write\n  {type: target_integration, id: x}\n  here"),
        ("it is passed by one apply of --max-deletes N", "it is passed by one apply of\n  --max-deletes N"),
        ("it is to be passed by a person, --allow behind", "it is to be passed by a person,\n  --allow behind"),
        (
            "one two three four five https://example.com/a/b/c/d",
            "one two three four five\n  https://example.com/a/b/c/d",
        ),
        (
            "  12 | a line of a file that is longer than all that",
            "  12 | a line of a file that is longer than all that",
        ),
        ("     | \x1b[31m    ^ a mark that stands below the line\x1b[0m", None),
        (
            "\x1b[1mbold words of which no style takes a column\x1b[0m",
            "\x1b[1mbold words of which no style\n  takes a column\x1b[0m",
        ),
        ("日本語日本語日本語 日本語日本語日本語", "日本語日本語日本語\n  日本語日本語日本語"),
    ],
)
def test_what_people_copy_stays_whole(text: str, broken: str | None) -> None:
    """A command, an item, an option with its value, a URL, a line of a file and its mark."""
    assert wrap(text, 32) == (broken or text)
    assert wrap(wrap(text, 32), 32) == (broken or text)
