"""What a plan refuses, and what passes it."""

from __future__ import annotations

import pytest
from world import World


def flows(*names: str, more: str = "") -> str:
    """Automations of these names."""
    lines = [f"  {name}: {{name: {name}, status: active, data: {{actions: {{push: p1}}}}{more}}}" for name in names]
    return "automations:\n" + "\n".join(lines) + "\n"


TEN = [f"f{number}" for number in range(10)]
HOOK = "integrations:\n  hook: {title: %s, integration: webhooks, target_platform: iOS, lifecycle: {%s}}\n"


def test_an_empty_configuration_deletes_nothing(world: World) -> None:
    """A wrong folder or a lost file must not empty a project: exit 5, the flag is named, and it passes."""
    world.settle(flows("a", "b"))
    world.write("")
    refused = world.plan()
    assert refused.code == 5
    assert "--allow empty-configuration" in refused.err
    assert world.apply().code == 5
    assert world.writes() == []
    assert world.apply("--allow", "empty-configuration").code == 0
    assert world.live("automations") == []


def test_more_than_thirty_percent_of_ten_are_not_deleted(world: World) -> None:
    """Three of ten go, four of ten need `--max-deletes`; the refusal names the number."""
    world.settle(flows(*TEN))
    world.write(flows(*TEN[3:]))
    assert world.plan().code == 2
    world.write(flows(*TEN[4:]))
    refused = world.plan()
    assert refused.code == 5
    assert "--max-deletes 4" in refused.err
    assert [each["guard"] for each in refused.document["refusals"]] == ["max-deletes"]
    assert world.apply("--max-deletes", "3").code == 5
    assert world.writes() == []
    assert world.apply("--max-deletes", "4").code == 0
    assert len(world.live("automations")) == 6


def test_nine_managed_objects_are_few(world: World) -> None:
    """The share counts from ten on; `--max-deletes` counts always."""
    world.settle(flows(*TEN[:9]))
    world.write(flows(*TEN[:2]))
    assert world.plan().code == 2
    assert world.plan("--max-deletes", "6").code == 5


def test_the_settings_may_set_the_limit(world: World) -> None:
    """`guards: {max_deletes: 0}` holds until the command line says otherwise."""
    world.write("guards: {max_deletes: 0}\n", "reconciler.yaml")
    world.settle(flows("a", "b"))
    world.write(flows("a"))
    assert world.plan().code == 5
    assert world.plan("--max-deletes", "1").code == 2


def test_a_limit_of_the_settings_lifts_no_other_guard(world: World) -> None:
    """Six of twelve are within a limit of six, and more than 30 percent all the same."""
    world.write("guards: {max_deletes: 6}\n", "reconciler.yaml")
    names = [f"f{number}" for number in range(12)]
    world.settle(flows(*names))
    world.write(flows(*names[6:]))
    refused = world.plan()
    assert refused.code == 5
    assert "6 of 12 managed objects would be deleted or replaced, more than 30%" in refused.err
    assert world.plan("--max-deletes", "6").code == 2


def test_a_protection_holds_beside_a_manual_step(world: World) -> None:
    """What a person has to do by hand keeps nobody from writing `prevent_destroy`, or from taking it back."""
    world.settle(HOOK % ("Hook", ""))
    world.edit("integrations", world.id_of("integration.hook"), title="Renamed")
    for protects in (True, False):
        world.write(HOOK % ("Hook", f"prevent_destroy: {str(protects).lower()}"))
        assert world.plan().actions() == {"integration.hook": "manual"}
        assert world.apply().code == 0
        world.write("automations: {a: {name: a, status: active, data: {actions: {push: p1}}}}")
        assert world.plan().code == (5 if protects else 2)


def test_a_protected_object_is_not_deleted(world: World) -> None:
    """Also after its block went together with the resource: the state remembers."""
    world.settle(flows("a") + flows("b", more=", lifecycle: {prevent_destroy: true}").replace("automations:\n", ""))
    world.write(flows("a"))
    refused = world.plan()
    assert refused.code == 5
    assert "automation.b" in refused.err
    assert world.apply("--max-deletes", "9").code == 5
    assert world.writes() == []


def test_protection_is_lifted_by_applying_that(world: World) -> None:
    """The refusal's own advice works: once without the block's word, then the removal goes through."""
    world.settle(flows("a") + flows("b", more=", lifecycle: {prevent_destroy: true}").replace("automations:\n", ""))
    world.write(flows("a") + flows("b", more=", lifecycle: {prevent_destroy: false}").replace("automations:\n", ""))
    assert world.apply().code == 0
    assert world.writes() == []
    world.write(flows("a"))
    assert world.apply().code == 0
    assert [each["name"] for each in world.live("automations")] == ["a"]


@pytest.mark.parametrize("state", [True, False], ids=["remembered", "no-state"])
def test_a_protected_object_is_not_replaced(world: World, state: bool) -> None:
    """A replace deletes too; what the YAML says counts where there is no state to remember it."""
    world.settle(HOOK % ("Hook", "prevent_destroy: true, replace: allow"))
    hook = world.id_of("integration.hook")
    text = HOOK % ("New", "prevent_destroy: true, replace: allow")
    if not state:
        world.state.unlink()
        text += f"imports: [{{to: integration.hook, id: {hook}}}]\n"
    world.write(text)
    refused = world.plan()
    assert refused.code == 5
    assert refused.actions() == {"integration.hook": "replace"}
    assert "prevent_destroy" in refused.err


def test_another_projects_key_is_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """None of the state's ids is live: nothing is made a second time over there."""
    world.settle(flows("a", "b"))
    monkeypatch.setenv("QONVERSION_SECRET", "test_sk_other")
    refused = world.plan()
    assert refused.code == 5
    assert "another project" in refused.err
    assert world.apply().code == 5
    assert world.writes() == []
    assert world.apply("--allow", "wrong-project").code == 0


def test_some_gone_is_not_a_wrong_project(world: World) -> None:
    """One that was deleted outside is made again."""
    world.settle(flows("a", "b"))
    world.remove("automations", world.id_of("automation.a"))
    assert world.plan().actions() == {"automation.a": "create"}


def test_a_report_for_the_other_environment_is_warned_of(world: World) -> None:
    """A report's environment need not follow the key's, so it is a warning and no refusal."""
    world.insert("destinations", id="x1", label="Email: Team")
    world.write(
        """
        reports:
          daily:
            report_name: Daily
            send_at: "09:00"
            included_range_days: 1
            status: active
            environment: sandbox
            destinations: [{type: target_integration, id: x1}]
        """
    )
    planned = world.plan()
    assert planned.code == 2
    assert any("sandbox" in warning and "production" in warning for warning in planned.document["warnings"])


def test_the_catalogue_is_asked_before_anything_is_made(world: World) -> None:
    """An unknown provider, or a store that it does not serve: exit 3 at its place, with the nearest slug."""
    world.write(
        """\
        integrations:
          a: {title: A, integration: my-webhooks, target_platform: iOS}
          b: {title: B, integration: searchads, target_platform: Android}
        """
    )
    refused = world.apply()
    assert refused.code == 3
    assert "main.yaml:2:" in refused.err
    assert 'did you mean "webhooks"' in refused.err
    assert "main.yaml:3:" in refused.err
    assert world.writes() == []


def test_a_report_with_a_dangling_destination_can_be_mended(world: World) -> None:
    """Its integration was removed in the dashboard: a new one is made first, then the report is pointed at it."""
    text = """
        integrations:
          hook: {title: Hook, integration: webhooks, target_platform: iOS}
          keep: {title: Keep, integration: slack, target_platform: iOS}
        reports:
          daily:
            report_name: Daily
            send_at: "09:00"
            included_range_days: 1
            status: active
            environment: production
            destinations: [{integration: hook}]
        """
    world.settle(text)
    world.remove("integrations", world.id_of("integration.hook"))
    planned = world.plan()
    assert planned.actions() == {"integration.hook": "create", "report.daily": "update"}
    assert world.apply().code == 0
    new = world.id_of("integration.hook")
    assert [each["id"] for each in world.live("scheduled-reports")[0]["destinations"]] == [new]
    assert world.plan().code == 0
