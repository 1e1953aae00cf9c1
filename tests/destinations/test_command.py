"""`reconciler destinations`: what reports can be sent to, and what stands behind it."""

from __future__ import annotations

from typing import Any

from world import World, integration

from .team import ONE, TWINS, ids


def listed(world: World) -> dict[str, dict[str, Any]]:
    """Id → what is said of a destination."""
    found = world.run("destinations", "--format", "json")
    assert found.code == 0, found.err
    assert found.document["environment"] == "default"
    return {each["id"]: each for each in found.document["destinations"]}


def test_what_stands_behind_each(world: World) -> None:
    """A managed integration by its address, an unmanaged one by its id, and neither for what no integration is."""
    world.settle(ONE % "{integration: ios}")
    theirs = world.insert("integrations", **integration("Theirs", integration="slack"))
    world.insert("destinations", id="int-email-01", label="Email: Team")
    world.requests()
    found = listed(world)
    assert {each["method"] for each in world.requests()} == {"GET"}
    ours = world.id_of("integration.ios")
    assert found[ours] == {
        "type": "target_integration",
        "id": ours,
        "label": "Webhooks: Alerts",
        "same_label": [],
        "target": {
            "kind": "integration",
            "id": ours,
            "name": "Alerts",
            "address": "integration.ios",
            "proven_by": "id",
        },
    }
    assert (found[theirs]["target"]["id"], found[theirs]["target"]["address"]) == (theirs, None)
    assert found["int-email-01"]["target"] is None
    text = world.run("destinations").out
    assert f"{{type: target_integration, id: {ours}}}" in text
    assert '"Webhooks: Alerts"  integration.ios, by its id' in text
    assert f"integration[{theirs}], unmanaged, by its id" in text


def test_a_label_proves_it_where_one_bears_it(world: World) -> None:
    """Ids of their own: by the label, and for twins by nothing, with the others that bear it."""
    world.set_destinations_apart()
    world.write(TWINS.replace("      android:", "      # android:"))
    assert world.apply().code == 0
    alone = f"dst-{ids(world)['iOS']}"
    assert listed(world)[alone]["target"]["proven_by"] == "label"
    assert "integration.ios, by its label" in world.run("destinations").out
    twin = world.insert("integrations", **integration("Alerts", target_platform="Android"))
    found = listed(world)
    assert {each["target"] for each in found.values()} == {None}
    assert found[alone]["same_label"] == [f"dst-{twin}"]
    text = world.run("destinations").out
    assert f"! its label is also that of dst-{twin}" in text
    assert "nothing proves" in text


def test_what_is_not_applied_yet_is_told_as_a_plan_tells_it(world: World) -> None:
    """Without a state the name tells which address it is."""
    hook = world.insert("integrations", **integration("Alerts"))
    world.write(ONE % "{integration: ios}")
    assert listed(world)[hook]["target"]["address"] == "integration.ios"


def test_a_configuration_is_not_needed(world: World) -> None:
    """Who writes the first line of it asks what there is; a broken one is a warning."""
    hook = world.insert("integrations", **integration("Alerts"))
    assert listed(world)[hook]["target"]["address"] is None
    world.write("reports: {daily: {report_name: Daily}}\n")
    shown = world.run("destinations")
    assert shown.code == 0
    assert hook in shown.out
    assert "the configuration cannot be used" in shown.err


def test_twins_do_not_keep_it_from_answering(world: World) -> None:
    """Two live integrations could be what an address means: that is what people come here for."""
    twins = [world.insert("integrations", **integration("Alerts")) for _ in range(2)]
    world.write(ONE % "{integration: ios}")
    assert world.plan().code == 5
    found = listed(world)
    assert set(found) == set(twins)
    assert found[twins[0]]["same_label"] == [twins[1]]
    assert "its label is also that of" in world.run("destinations").out


def test_nothing_is_offered(world: World) -> None:
    """An empty list is an answer."""
    assert "Destinations of default: 0 destinations" in world.run("destinations").out
