"""A plan that was carried out in part goes on from there with the same file."""

from __future__ import annotations

import json

import pytest
from world import Json, World

from reconciler.cli.main import run

from .conftest import Between
from .files import FLOW, TEAM, assert_refused, carry_out, save

HOOK = "integrations: {hook: {title: Hook, integration: webhooks, target_platform: iOS, status: active}}\n"
REPLACEABLE = TEAM.replace("status: active}\n    reports", "status: active, lifecycle: {replace: allow}}\n    reports")
RENAMED = REPLACEABLE.replace("title: Hook", "title: New")
PAUSED = FLOW.replace("status: active", "status: paused")


def test_half_applied(world: World, between: Between) -> None:
    """One failed: exit 6. The same file again sends that one alone, and then there is nothing left."""
    world.write(TEAM)
    path = save(world)
    between.refuse("POST", "/automations$")
    half = carry_out(world, path)
    assert half.code == 6
    assert half.actions()["automation.flow"] == "failed"
    assert len(world.writes()) == 4
    done = carry_out(world, path)
    assert done.code == 0, done.err
    assert [where for _, where, _ in world.writes()] == ["/automations"]
    assert world.plan().code == 0


def entries(world: World) -> Json:
    """What the state remembers, without the times at which deliveries were counted."""
    found = json.loads(world.state.read_text(encoding="utf-8"))["resources"]
    return {address: entry | {"counted_at": ""} for address, entry in found.items()}


def test_applied_twice(world: World) -> None:
    """The second time everything is as wanted already."""
    world.write(TEAM)
    path = save(world)
    assert carry_out(world, path).code == 0
    state = entries(world)
    world.writes()
    again = carry_out(world, path)
    assert again.code == 0, again.err
    assert {each["reason"] for each in again.document["results"]} == {"it was as wanted already"}
    assert world.writes() == []
    assert entries(world) == state


@pytest.mark.parametrize("is_new", [True, False], ids=["create", "update"])
def test_applied_twice_says_of_no_user_that_access_is_lost(world: World, is_new: bool) -> None:
    """What an entitlement got from this plan is no loss if the same plan is applied again."""
    product = "{{id: {0}, type: subscription, duration: P1Y, apple_product_id: app.{0}}}"
    old = (
        f"products: {{yearly: {product.format('yearly')}}}\nentitlements: {{studio: {{id: studio, product_ids: []}}}}\n"
    )
    if not is_new:
        world.settle(old)
    world.write(
        old.replace("[]", "[{product: yearly}, {product: new}]") + f"---\nproducts: {{new: {product.format('new')}}}\n"
    )
    path = save(world)
    assert carry_out(world, path).code == 0
    again = world.run("apply", "--plan", str(path), "--auto-approve")
    assert again.code == 0, again.err
    assert "entitlement.studio" in again.out
    assert "may lose access" not in again.out + again.err


def test_applied_twice_says_that_nothing_was_left(world: World) -> None:
    """Nothing counts as done, in each form, and nothing is written: neither a receipt nor a state."""
    world.write(TEAM)
    path = save(world)
    assert carry_out(world, path).code == 0
    kept = {each: each.read_bytes() for each in world.state.parent.rglob("*") if each.is_file()}
    reports = world.folder.parent / "ended"
    forms = [f"--report={form}={reports}.{form}" for form in ("markdown", "html")]
    again = world.run("apply", "--auto-approve", "--plan", str(path), *forms)
    assert again.code == 0, again.err
    assert f"nothing was left to do (API: {world.url})\n4 changes read back and verified.\n" in again.out
    assert "Applied to `default`: nothing was left to do" in reports.with_suffix(".markdown").read_text()
    assert "Applied: nothing was left to do" in reports.with_suffix(".html").read_text().replace("\xa0", " ")
    assert {each: each.read_bytes() for each in world.state.parent.rglob("*") if each.is_file()} == kept


def test_an_adoption_applied_twice_leaves_one_receipt(world: World) -> None:
    """What writes to the state alone is no news the second time either."""
    world.write(TEAM)
    assert world.apply().code == 0
    world.state.unlink()
    world.writes()
    path = save(world)
    assert carry_out(world, path).code == 0
    before = world.run("history").out
    assert carry_out(world, path).code == 0
    assert world.run("history").out == before


def test_half_applied_and_then_another_key(world: World, between: Between, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was made stands in one project; the rest is not made in another."""
    world.write(TEAM)
    path = save(world)
    between.refuse("POST", "/automations$")
    assert carry_out(world, path).code == 6
    world.writes()
    monkeypatch.setenv("QONVERSION_SECRET", "test_sk_other")
    assert_refused(world, path, "another key")


def test_half_applied_and_then_edited(world: World, between: Between) -> None:
    """What this plan has made itself is no longer as it left it: exit 5, and its name."""
    world.write(TEAM)
    path = save(world)
    between.refuse("POST", "/automations$")
    assert carry_out(world, path).code == 6
    world.writes()
    daily = world.id_of("report.daily")
    world.edit("scheduled-reports", daily, send_at="11:00")
    assert_refused(world, path, f"report.daily: {daily}", "which an earlier try has made", "changed meanwhile")


def test_half_applied_and_then_the_state_by_hand(
    world: World, between: Between, capsys: pytest.CaptureFixture[str]
) -> None:
    """`state rm` writes the state too: the plan does not go on from what it did not leave."""
    world.write(TEAM)
    path = save(world)
    between.refuse("POST", "/automations$")
    assert carry_out(world, path).code == 6
    world.writes()
    assert run(["state", "rm", "report.weekly", str(world.folder)]) == 0
    capsys.readouterr()
    assert_refused(world, path, "the state was written since")


def test_a_half_made_integration(world: World, between: Between) -> None:
    """It was created and not activated: only the second request is left."""
    world.write(HOOK)
    path = save(world)
    between.refuse("POST", "/status$")
    assert carry_out(world, path).code == 1
    hook = world.id_of("integration.hook")
    world.writes()
    done = carry_out(world, path)
    assert done.code == 0, done.err
    assert world.writes() == [("POST", f"/integrations/{hook}/status", {"status": 1})]
    assert world.plan().code == 0


def test_a_half_made_integration_that_went_wrong(world: World, between: Between) -> None:
    """In error by now: nobody has seen that."""
    world.write(HOOK)
    path = save(world)
    between.refuse("POST", "/status$")
    assert carry_out(world, path).code == 1
    world.writes()
    world.edit("integrations", world.id_of("integration.hook"), active=2)
    assert_refused(world, path, "integration.hook")


def test_a_strangers_half_is_not_ours(world: World) -> None:
    """Somebody made one of that name, paused: it is not activated for that."""
    world.write(HOOK)
    path = save(world)
    theirs = world.insert("integrations", title="Hook", integration="webhooks", target_platform="iOS", active=0)
    assert_refused(world, path, f"{theirs} (Hook) appeared meanwhile")


def test_a_half_updated_automation(world: World, between: Between) -> None:
    """Its data was written and its status not yet: the status is left, and what is not managed stays as it is."""
    world.settle(PAUSED)
    flow = world.id_of("automation.flow")
    world.write(PAUSED.replace("p1", "p2"))
    path = save(world)
    between.refuse("PATCH", "/status$")
    assert carry_out(world, path).code == 1
    assert [method for method, *_ in world.writes()] == ["PUT"]
    world.edit("automations", flow, caption="Mine")
    done = carry_out(world, path)
    assert done.code == 0, done.err
    assert world.writes() == [("PATCH", f"/automations/{flow}/status", {"status": "paused"})]
    (live,) = world.live("automations")
    assert (live["status"], live["caption"]) == ("paused", "Mine")


@pytest.mark.parametrize(
    ("method", "where"),
    [("POST", "/status$"), ("PUT", "/scheduled-reports/"), ("DELETE", "/integrations/")],
    ids=["activation", "re-pointing", "clean-up"],
)
def test_a_replace_that_broke_off(world: World, between: Between, method: str, where: str) -> None:
    """Wherever it breaks: the same file makes no second new one, leaves no report behind, and the old one goes."""
    world.settle(REPLACEABLE)
    old = world.id_of("integration.hook")
    world.write(RENAMED)
    path = save(world)
    between.refuse(method, where)
    half = carry_out(world, path)
    assert half.code in (1, 6)
    new = world.id_of("integration.hook")
    assert new != old
    world.writes()
    done = carry_out(world, path)
    assert done.code == 0, done.err
    assert [where for _, where, _ in world.writes()].count("/integrations") == 0
    assert [(each["id"], each["active"]) for each in world.live("integrations")] == [(new, 1)]
    assert {each["destinations"][0]["id"] for each in world.live("scheduled-reports")} == {new}
    assert world.plan().code == 0


def test_a_replace_whose_new_one_was_edited(world: World, between: Between) -> None:
    """Not as this plan left it, so neither is the old one deleted nor a third one made."""
    world.settle(REPLACEABLE)
    world.write(RENAMED)
    path = save(world)
    between.refuse("DELETE", "/integrations/")
    assert carry_out(world, path).code == 6
    world.writes()
    new = world.id_of("integration.hook")
    world.edit("integrations", new, active=2)
    assert_refused(world, path, f"integration.hook: {new}", "changed meanwhile")


def test_a_replace_in_one_go(world: World) -> None:
    """The reports are re-pointed, although what they are to point at did not exist when the plan was made."""
    world.settle(REPLACEABLE)
    world.write(RENAMED)
    path = save(world)
    done = carry_out(world, path)
    assert done.code == 0, done.err
    assert [method for method, *_ in world.writes()] == ["POST", "POST", "PUT", "PUT", "DELETE"]
    new = world.id_of("integration.hook")
    assert {each["destinations"][0]["id"] for each in world.live("scheduled-reports")} == {new}
    assert world.plan().code == 0
    assert carry_out(world, path).code == 0
    assert world.writes() == []


def test_a_report_that_gets_a_new_integration(world: World, between: Between) -> None:
    """Only its reference changes, to something new; half applied or not, it is sent, and once."""
    world.settle(TEAM)
    more = TEAM.replace(
        "    reports:", "      more: {title: More, integration: slack, target_platform: iOS}\n    reports:"
    )
    world.write(more.replace("[{integration: hook}]", "[{integration: hook}, {integration: more}]"))
    path = save(world)
    between.refuse("PUT", f"/scheduled-reports/{world.id_of('report.weekly')}")
    assert carry_out(world, path).code == 6
    world.writes()
    done = carry_out(world, path)
    assert done.code == 0, done.err
    assert [where for _, where, _ in world.writes()] == [f"/scheduled-reports/{world.id_of('report.weekly')}"]
    assert [len(each["destinations"]) for each in world.live("scheduled-reports")] == [2, 2]
    assert world.plan().code == 0
