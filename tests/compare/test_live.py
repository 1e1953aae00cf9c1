"""`compare --live`: the projects of two environments, each behind a simulator of its own over HTTP."""

from __future__ import annotations

import json

import pytest
from world import KEY, Json, automation, integration, report

from reconciler.model.addresses import ObjectRef
from reconciler.plan.compare import find_shared_objects

from .conftest import Projects, pairs

BOTH = """\
integrations:
  alerts: {title: Alerts, integration: webhooks, target_platform: iOS, status: active}
reports:
  daily:
    report_name: Daily
    send_at: 09:00
    included_range_days: 1
    status: active
    environment: production
    destinations: [{integration: alerts}]
automations:
  welcome: {name: Welcome, status: active, data: {platform: iOS, actions: {push: p1}}}
"""


def live_id(projects: Projects, environment: str, address: str) -> str:
    """The id that the state of an environment has for an address."""
    state = json.loads((projects.path / ".reconciler" / f"{environment}.json").read_text(encoding="utf-8"))
    return str(state["resources"][address]["id"])


def as_live(projects: Projects, *arguments: str) -> Json:
    """The comparison of what is live."""
    return projects.document("--live", *arguments)


def test_two_projects_that_are_alike(projects: Projects) -> None:
    """Ids differ, and a destination is the address that it means, so nothing differs; what the server counts is not
    compared, and nothing is written."""
    projects.write(BOTH)
    projects.production.insert("automations", **automation("Other"))  # so that the ids differ
    projects.sandbox.insert("automations", **automation("Other"))
    projects.sandbox.insert("integrations", **integration("One more"))
    projects.production.insert("integrations", **integration("One more"))
    gone = [projects.production.insert("automations", **automation(f"Gone {at}")) for at in range(3)]
    projects.apply()
    for each in gone:
        projects.production.remove("automations", each)
    assert live_id(projects, "sandbox", "report.daily") != live_id(projects, "production", "report.daily")
    projects.production.edit("scheduled-reports", live_id(projects, "production", "report.daily"), runs=7)
    projects.sandbox.requests(), projects.production.requests()
    document = as_live(projects)
    assert (document["differences"], document["unmanaged"], document["warnings"]) == ([], [], [])
    assert document["a"] == {"environment": "sandbox", "api": projects.sandbox.url}
    assert not projects.sandbox.writes()
    assert not projects.production.writes()
    assert "no differences in 3 managed objects" in projects.compare("--live").out


def test_what_somebody_changed_in_one_project(projects: Projects) -> None:
    """By address and path, with both ids and the line that says what it should be."""
    projects.write(BOTH)
    projects.apply()
    welcome = live_id(projects, "production", "automation.welcome")
    data = {"platform": "iOS", "actions": {"push": "p2"}, "segments": None}
    projects.production.edit("automations", welcome, data=data, caption="New")
    projects.production.edit("scheduled-reports", live_id(projects, "production", "report.daily"), status="draft")
    document = as_live(projects)
    assert pairs(document["differences"]) == {
        "automation.welcome.caption": ("", "New"),
        "automation.welcome.data.actions.push": ("p1", "p2"),
        "report.daily.status": ("active", "draft"),
    }
    assert all(each["reason"] is None for each in document["differences"])  # Both have all of them.
    push = next(each for each in document["differences"] if each["path"] == "data.actions.push")
    assert push["b"] == {"value": "p2", "id": welcome, "place": f"{projects.path / 'main.yaml'}:12", "sources": []}
    assert set(pairs(as_live(projects, "--ignore", "data", "--target", "automation.*")["differences"])) == {
        "automation.welcome.caption"
    }


def test_a_change_outside_is_not_told_as_the_work_of_a_variable(projects: Projects) -> None:
    """What a variable brings about in several objects is told once, and what somebody changed in one of them apart."""
    sandbox, production = (f"{{api_url: {each.url}" for each in (projects.sandbox, projects.production))
    settings = f"{{sandbox: {sandbox}, variables: {{n: x}}}}, production: {production}, variables: {{n: y}}}}}}"
    projects.write(f"environments: {settings}\n", "reconciler.yaml")
    resources = (f'  a{at}: {{name: "${{var.n}} {at}", status: active, data: {{}}}}' for at in range(4))
    projects.write("automations:\n" + "\n".join(resources) + "\n")
    projects.apply()
    projects.production.edit("automations", live_id(projects, "production", "automation.a2"), name="Somebody's")
    heads = [line for line in projects.compare("--live").out.splitlines() if line.startswith("  ~")]
    assert heads == ["  ~ name of 3 automations, such as automation.a0", "  ~ name of automation.a2"]


def test_destinations_that_differ(projects: Projects) -> None:
    """They are shown as addresses, or by their labels if they are not managed; a label in both is the same."""
    projects.write(BOTH)
    projects.apply()
    for world, name in ((projects.sandbox, "sandbox"), (projects.production, "production")):
        world.insert("integrations", **integration("Padding", target_platform="Android"))
        if world is projects.sandbox:
            world.insert("integrations", **integration("More padding"))
        team = world.insert("integrations", **integration("Team"))
        ids = [live_id(projects, name, "integration.alerts"), team, *(["int-email-01"] if name == "sandbox" else [])]
        destinations = [{"type": "target_integration", "id": each} for each in ids]
        world.edit("scheduled-reports", live_id(projects, name, "report.daily"), destinations=destinations)
    document = as_live(projects)
    (difference,) = document["differences"]
    assert difference["path"] == "destinations"
    shared = [{"integration": "alerts"}, {"type": "target_integration", "label": "Webhooks: Team"}]
    assert difference["b"]["value"] == shared
    assert difference["a"]["value"] == [{"type": "target_integration", "id": "int-email-01"}, *shared]


def test_what_is_not_managed_is_compared_by_name(projects: Projects) -> None:
    """In a part of its own, which counts; a field that may differ is no part of the name. `--target` leaves it out."""
    projects.write("automations:\n")
    projects.sandbox.insert("scheduled-reports", **report("Weekly", environment="sandbox", send_at="07:00"))
    projects.production.insert("automations", **automation("Only here"))
    projects.production.insert("scheduled-reports", **report("Weekly"))
    one, other = (world.live("scheduled-reports")[0]["id"] for world in (projects.sandbox, projects.production))
    document = as_live(projects)
    assert len(document["unmanaged"]) == 3  # by name and environment these are two reports
    document = as_live(projects, "--ignore", "report.environment")
    found = {(each["name"], each["path"]): each for each in document["unmanaged"]}
    assert set(found) == {("Weekly", "send_at"), ("Only here", None)}
    weekly = found["Weekly", "send_at"]
    assert [weekly[side]["id"] for side in "ab"] == [one, other]
    assert [weekly[side]["value"] for side in "ab"] == ["07:00", "09:00"]
    assert found["Only here", None]["a"] is None
    text = projects.compare("--live", "--ignore", "report.environment").out
    assert "Not managed, compared by name:" in text
    assert f'  ~ send_at of report "Weekly" ({one}, {other})' in text
    assert '  + automation "Only here" (' in text


def test_what_is_in_one_project_alone(projects: Projects) -> None:
    """An object that was applied in one environment only, one that `only_in` leaves out, and one that is gone."""
    projects.write(BOTH + "  alone: {only_in: [sandbox], name: Alone, status: active, data: {}}\n")
    projects.apply("sandbox")
    document = as_live(projects)
    assert pairs(document["differences"]) == {
        "automation.welcome": (True, None),
        "integration.alerts": (True, None),
        "report.daily": (True, None),
    }
    assert {each["reason"] for each in document["differences"]} == {"written for production, too, and not live there"}
    assert set(pairs(document["meant"])) == {"automation.alone"}
    projects.apply("production")
    gone = live_id(projects, "production", "automation.welcome")
    projects.production.remove("automations", gone)
    document = as_live(projects)
    assert set(pairs(document["differences"])) == {"automation.welcome"}
    (difference,) = document["differences"]
    assert difference["reason"] == "written for production, too, and not live there"


def test_one_project_that_is_seen_twice(projects: Projects) -> None:
    """Both keys open the same project: this says so, names ids, and that the two environments would fight. It is not
    concluded from ids alone: two simulators count alike."""
    projects.write(BOTH)
    for world in (projects.sandbox, projects.production):
        world.insert("automations", id="same", **automation("Welcome"))
    projects.apply()
    assert {live_id(projects, name, "automation.welcome") for name in ("sandbox", "production")} == {"same"}
    assert as_live(projects)["warnings"] == []
    (projects.path / ".reconciler" / "production.json").unlink()
    projects.settings(production=f"api_url: {projects.sandbox.url}")
    (twice,) = as_live(projects)["warnings"]
    assert twice.startswith(
        "sandbox and production are one project that is seen twice: 3 objects of the same id in both"
    )
    assert "automation[same]" in twice
    assert "secret_env" in twice
    projects.apply("production")
    document = as_live(projects)
    assert document["differences"] == []
    assert document["warnings"][1] == (
        f"sandbox and production manage the same 3 objects: automation.welcome (same), "
        f"integration.alerts ({live_id(projects, 'sandbox', 'integration.alerts')}), "
        f"report.daily ({live_id(projects, 'sandbox', 'report.daily')}); "
        "they would fight over them, since each apply undoes that of the other"
    )
    for form in ("text", "markdown"):
        assert "fight over them" in projects.compare("--live", "--format", form).out


def test_three_environments_that_manage_the_same() -> None:
    """Those that share objects are named together, whatever their addresses are; another API has other objects."""
    one, other = {"report.a": "r1", "report.b": "r2"}, {"report.c": "r1", "automation.a": "r2"}
    held = {"x": ("api", one), "y": ("api", other), "z": ("api", other), "w": ("elsewhere", one)}
    known = {
        name: {address: (api, ObjectRef.at(address, each), "") for address, each in ids.items()}
        for name, (api, ids) in held.items()
    }
    assert [text for _, text in find_shared_objects(known)] == [
        "x, y and z manage the same 1 object: report.a (r1); "
        "they would fight over them, since each apply undoes that of the other",
        "y and z manage the same 1 object: automation.a (r2); "
        "they would fight over them, since each apply undoes that of the other",
    ]


def test_what_both_keys_of_a_project_share(projects: Projects, monkeypatch: pytest.MonkeyPatch) -> None:
    """Products have one life under a sandbox and a production key: this alone makes no project one that is seen twice.
    If both environments manage one, that is said."""
    projects.write("products: {a: {type: lifetime}}\nautomations: {w: {name: W, status: active, data: {}}}\n")
    monkeypatch.setenv("KEY_SANDBOX", f"test_{KEY}")
    text = f"{{sandbox: {{api_url: {projects.sandbox.url}, secret_env: KEY_SANDBOX}}, "
    text += f"production: {{api_url: {projects.sandbox.url}}}}}"
    projects.write(f"environments: {text}\n", "reconciler.yaml")
    projects.apply("sandbox")
    assert as_live(projects)["warnings"] == []
    projects.apply("production")
    (said,) = as_live(projects)["warnings"]
    assert said.startswith("sandbox and production manage the same 1 object: product.a (a); a project has one for all")
    assert "only_in" in said


def test_an_api_that_is_dead(projects: Projects, no_waiting: None) -> None:
    """The message names the environment; of two failures the gravest exit code counts."""
    projects.write(BOTH)
    projects.production.fault("GET /automations: status 500")
    done = projects.compare("--live")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error: production: GET /automations")
    projects.sandbox.fault("GET /integrations: status 401")
    done = projects.compare("--live")
    assert done.code == 4
    assert "sandbox: " in done.err
    assert "production: " in done.err


def test_an_environment_without_a_key(projects: Projects) -> None:
    """Exit 4, with its name and its variable."""
    projects.write(BOTH)
    projects.settings(production="secret_env: NO_SUCH_KEY")
    done = projects.compare("--live")
    assert (done.code, done.out) == (4, "")
    assert done.err.startswith("error: production: no key: NO_SUCH_KEY is not set")
    assert projects.compare().code == 0  # what is written needs none


def test_a_state_of_another_configuration(projects: Projects) -> None:
    """It is refused, as everywhere, and the environment is named."""
    projects.settings(more="name: growth")
    projects.write(BOTH)
    projects.apply()
    projects.settings(more="name: other")
    done = projects.compare("--live")
    assert done.code == 5
    assert done.err.startswith("error: sandbox: ")
    assert "production: " in done.err


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_the_key_never_appears(projects: Projects, form: str) -> None:
    """An object whose name is the key is an error, and no output shows it; nor does what cannot be displayed act."""
    projects.write("automations:\n")
    projects.sandbox.insert("automations", **automation("\x1b[31mRed\u202e\n::error::x"))
    done = projects.compare("--live", "--format", form)
    assert done.code == 2
    assert "\x1b[31m" not in done.out.replace("\x1b[31m  - ", "")
    assert "\u202e" not in done.out
    assert not any(line.startswith("::") for line in done.out.splitlines())
    projects.sandbox.insert("automations", **automation(f"Named {KEY} by mistake"))
    done = projects.compare("--live", "--format", form)
    assert (done.code, done.out) == (5, "")
    assert "its name holds the secret key" in done.err
    assert KEY not in done.err
