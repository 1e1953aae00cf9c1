"""`plan --undo latest` after one change of each of the four kinds that a catalogue has: what goes back, and what does
not."""

from __future__ import annotations

import pytest
from size import ends
from world import World

from .paths import MOVING, undo, warned

CATALOGUE = """
    segments:
      android:
        name: Android
        conditions: [{metric: target_platform, comparator: eq, value: Android}]
    automations:
      flow: {name: Flow, status: inactive, data: {actions: {push: p1}, segments: {segment: android}}}
    products:
      monthly: {type: subscription, duration: P1M, apple_product_id: app.m1}
      yearly: {type: subscription, duration: P1Y, apple_product_id: app.y1}
    entitlements:
      studio: {description: Studio, product_ids: [{product: monthly}, {product: yearly}]}
    remote_configs:
      paywall:
        name: Paywall
        context_key: main
        segment_percent: 50
        payload_mapping: {cta: String}
        payload: {cta: Try}
        status: draft
    """
COLLECTIONS = ("segments", "products", "entitlements", "remote-configurations", "automations")
EDITS = {
    "the name of a segment": ("segment.android", "name: Android\n", "name: Others\n"),
    "a condition": ("segment.android", "value: Android}", "value: iOS}"),
    "a condition more": ("segment.android", "Android}]", 'Android}, {metric: renewable, comparator: eq, value: "1"}]'),
    "no condition": ("segment.android", "[{metric: target_platform, comparator: eq, value: Android}]", "[]"),
    "the id at a store": ("product.yearly", "app.y1", "app.y2"),
    "no id at a store": ("product.yearly", "apple_product_id: app.y1", "apple_product_id: null"),
    "a first id at a store": ("product.yearly", "app.y1", "app.y1, stripe_product_id: prod_1"),
    "a description": ("entitlement.studio", "description: Studio", "description: All of it"),
    "no description": ("entitlement.studio", "description: Studio", "description: null"),
    "a product less": ("entitlement.studio", "{product: monthly}, ", ""),
    "no product": ("entitlement.studio", "[{product: monthly}, {product: yearly}]", "[]"),
    "the share of users": ("remote_config.paywall", "segment_percent: 50", "segment_percent: 20"),
    "the key that apps ask with": ("remote_config.paywall", "context_key: main", "context_key: null"),
    "a value": ("remote_config.paywall", "{cta: Try}", "{cta: Buy}"),
    "a value more": ("remote_config.paywall", "{cta: Try}", "{cta: Try, n: 2}"),
    "a type more": ("remote_config.paywall", "{cta: String}", "{cta: String, n: Number}"),
}


def live(world: World) -> dict[str, list[dict[str, object]]]:
    """All objects but for their times, with what a record lacks and what is null left out; and what apps are served."""
    rows = {name: world.live(name) for name in COLLECTIONS}
    for each in rows["remote-configurations"]:
        for part in ("payload", "payload-mapping"):
            each[part] = world._client.get(f"/v4/remote-configurations/{each['id']}/{part}").json()["data"]
    world.requests()
    plain = {name: [{key: each[key] for key in each if key not in MOVING} for each in rows[name]] for name in rows}
    return {name: [{key: each[key] for key in each if each[key] is not None} for each in plain[name]] for name in plain}


def assume(world: World, **answers: str) -> None:
    """What holds from now on where the documents leave it open."""
    world._send("PUT", "/_dashboard/assumptions", dict(answers))


@pytest.mark.parametrize(("address", "old", "new"), ends(EDITS.values()), ids=EDITS)
def test_an_update_goes_back(world: World, address: str, old: str, new: str) -> None:
    """The old content is live again, all of it, and the old configuration has nothing left to do."""
    assert CATALOGUE.count(old) == 1
    world.settle_once(CATALOGUE)
    before = live(world)
    world.write(CATALOGUE.replace(old, new))
    done = world.apply()
    assert done.code == 0, done.out
    assert live(world) != before
    planned = undo(world)
    assert planned.actions() == {address: "update"}
    assert warned(planned, "revert the YAML too, or the next plan makes the changes again")
    assert live(world) == before
    world.write(CATALOGUE)
    assert world.plan().code == 0


def test_a_first_value_is_taken_away(world: World) -> None:
    """A key that apps ask with, and a description: there was none."""
    without = CATALOGUE.replace("        context_key: main\n", "").replace("description: Studio, ", "")
    world.settle(without)
    before = live(world)
    world.write(CATALOGUE)
    assert world.apply().code == 0
    assert undo(world).actions() == {"entitlement.studio": "update", "remote_config.paywall": "update"}
    assert live(world) == before
    world.write(without)
    assert world.plan().code == 0


def test_what_was_removed_by_null_is_back(world: World) -> None:
    """A null takes a value and its type away; neither is sent."""
    world.settle(CATALOGUE.replace("{cta: Try}", "{cta: Try, n: 2}").replace("String}", "String, n: Number}"))
    before = live(world)
    world.write(CATALOGUE.replace("{cta: Try}", "{cta: Try, n: null}").replace("String}", "String, n: null}"))
    assert world.apply().code == 0
    assert [body for _, _, body in world.writes()] == [{"data": {"cta": "String"}}, {"data": {"cta": "Try"}}]
    assert world.plan().code == 0
    assert not [each for each in world.plan().document["warnings"] if "payload" in each]
    assert undo(world).actions() == {"remote_config.paywall": "update"}
    assert live(world) == before


def part(section: str) -> str:
    """The lines of a section of the catalogue."""
    begin = CATALOGUE.index(f"    {section}:")
    end = min((at for each in SECTIONS if (at := CATALOGUE.find(f"    {each}:")) > begin), default=len(CATALOGUE) - 4)
    return CATALOGUE[begin:end]


SECTIONS = ("segments", "automations", "products", "entitlements", "remote_configs")
LONE = {
    "segment.android": ("segments", part("segments")),
    "product.monthly": ("products", part("products")[: part("products").index("      yearly")]),
    "entitlement.studio": ("entitlements", "    entitlements: {studio: {description: Studio, product_ids: []}}\n"),
    "remote_config.paywall": ("remote-configurations", part("remote_configs")),
}
"""An object of each kind that refers to no other one: its collection, and the configuration with it."""
EMPTY = "    automations: {other: {name: Other, status: inactive, data: {actions: {push: p1}}}}\n"


def rows(world: World, collection: str) -> list[dict[str, object]]:
    """What is live there, without what is archived."""
    return [each for each in world.live(collection) if each.get("status") != "archived"]


@pytest.mark.parametrize(("address", "collection", "text"), [(each, *LONE[each]) for each in LONE], ids=LONE)
def test_a_create_goes_back_if_the_delete_is_allowed(world: World, address: str, collection: str, text: str) -> None:
    """The word that allows it is named; without it, nothing is sent."""
    word, own = f"delete:{address.partition('.')[0]}", text if collection == "automations" else EMPTY + text
    world.settle(EMPTY)
    world.settle(own)
    refused = world.run("plan", "--undo", "latest")
    assert refused.code == 5
    assert f"--allow {word}" in refused.err
    assert world.writes() == []
    assert undo(world, "latest", "--allow", word).actions() == {address: "delete"}
    assert rows(world, collection) == []
    world.write(EMPTY)
    assert world.plan().code == 0


@pytest.mark.parametrize(("address", "collection", "text"), [(each, *LONE[each]) for each in LONE], ids=LONE)
def test_a_delete_goes_back_by_a_new_object(world: World, address: str, collection: str, text: str) -> None:
    """All that it held is live again. What cannot come back is told: its id, but for one that the caller chose."""
    assume(world, **{"deleted-ids": "free"})
    world.settle(EMPTY + text)
    before, old = live(world), world.id_of(address)
    world.write(EMPTY)
    assert world.apply("--allow", f"delete:{address.partition('.')[0]}").code == 0
    assert rows(world, collection) == []
    planned = undo(world)
    assert planned.actions() == {address: "create"}
    assert warned(planned, address, "cannot come back", old)
    (again,) = rows(world, collection)
    ((only, (was,)),) = [each for each in before.items() if each[0] == collection]
    assert only == collection
    assert {name for name in was if again.get(name, was[name]) != was[name]} <= {"id", "url"}
    world.write(EMPTY + text)
    assert world.plan().code == 0


@pytest.mark.parametrize("address", ["product.monthly", "entitlement.studio"])
def test_an_id_that_is_not_given_again_is_told(world: World, address: str) -> None:
    """The create is refused in the words of the API, and nothing else is done."""
    collection, text = LONE[address]
    world.settle(EMPTY + text)
    world.write(EMPTY)
    assert world.apply("--allow", f"delete:{address.partition('.')[0]}").code == 0
    saved = str(world.folder.parent / "undo.plan")
    assert world.run("plan", "--undo", "latest", "--out", saved).code == 0
    done = world.apply("--plan", saved)
    assert done.code in (1, 6)
    assert "409" in done.out + done.err
    assert "is or was in use" in done.out + done.err
    assert rows(world, collection) == []


def test_a_status_that_was_left_is_told(world: World) -> None:
    """No move leads back to a draft: a step for a person, and nothing is sent."""
    world.settle(CATALOGUE)
    world.settle(CATALOGUE.replace("status: draft", "status: active"))
    planned = undo(world)
    assert planned.actions() == {"remote_config.paywall": "manual"}
    said = planned.change("remote_config.paywall")
    assert "no such move of its status" in str(said)
    assert world.writes() == []


def test_a_replaced_product_goes_back_if_that_is_allowed(world: World) -> None:
    """The old id may be taken, and then the API refuses it."""
    one = EMPTY + LONE["product.monthly"][1].replace("app.m1", "app.m1, lifecycle: {replace: allow}")
    assume(world, **{"deleted-ids": "free"})
    world.settle(one)
    before = live(world)
    world.write(one.replace("type: sub", "id: monthly2, type: sub").replace("P1M", "P3M"))
    assert world.apply("--allow", "delete:product").code == 0
    assert [each["id"] for each in world.live("products")] == ["monthly2"]
    refused = world.run("plan", "--undo", "latest")
    assert refused.code == 5
    assert "--allow delete:product" in refused.err
    planned = undo(world, "latest", "--allow", "delete:product")
    assert planned.actions() == {"product.monthly": "replace"}
    assert warned(planned, "product.monthly", "cannot come back")
    assert live(world) == before
