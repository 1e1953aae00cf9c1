"""Random worlds of the four kinds, in random readings of what the documents leave open."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from size import seeds
from world import World

from reconciler.simulator.store import ASSUMPTIONS

SEEDS = seeds(40, every_day=2)
CLOSED = ("segment", "remote_config", "entitlement", "product")
ALLOWED = [f"--allow=delete:{kind}" for kind in CLOSED]
FIXED = {"deleted-ids": "taken", "sandbox-scope": "apart", **dict.fromkeys(("segments", "products"), "served")}
FIXED |= {"entitlements": "served", "remote-configurations": "served", "unknown-product": "accepted"}
FIXED |= {"product-duration": "optional", "payload-check": "none", "stale-cursor": "restart", "delete-in-use": "204"}
Json = dict[str, Any]


def some(rng: random.Random, fields: Json) -> Json:
    """Some of the fields."""
    return {name: value for name, value in fields.items() if rng.random() < 0.7}


def condition(rng: random.Random) -> Json:
    """A condition, with or without what the API adds."""
    base = {"metric": rng.choice(["renewable", "custom_uid"]), "comparator": rng.choice(["eq", "ne"]), "value": "1"}
    return base | some(rng, {"negate": rng.random() < 0.5})


def configuration(rng: random.Random, turn: int) -> Json:
    """A configuration; ids that a turn deletes are not used again."""
    products = {
        f"p{number}": {
            "type": "lifetime",
            **some(rng, {"apple_product_id": f"a{rng.randrange(3)}", "stripe_product_id": None}),
        }
        for number in range(4)
        if rng.random() < 0.8
    }
    segments: Json = {
        f"s{number}": {"name": f"S {number}", "conditions": [condition(rng) for _ in range(rng.randrange(3))]}
        for number in range(rng.randrange(4))
    }
    entitlements: Json = {}
    for number in range(rng.randrange(4)):
        chosen = [rng.choice([{"product": key}, key]) for key in products if rng.random() < 0.5]
        entitlements[f"e{number}"] = {"product_ids": chosen} | some(rng, {"description": f"D {rng.randrange(3)}"})
    configs = {}
    for number in range(rng.randrange(4)):
        payload = {"a": rng.choice([1, 2.5, "x", None, [1, {"b": True}]]), "c": {"d": rng.randrange(3)}}
        fields: Json = {"context_key": f"k{number}", "segment_percent": rng.choice([0, 12.5, 100]), "payload": payload}
        fields |= {"payload_mapping": {"a": "Json", "c": "Json"}, "segmentation_conditions": [condition(rng)]}
        configs[f"c{number}"] = {"name": f"C {number}", **some(rng, fields), "status": "active"}
    automations: Json = {
        f"a{number}": {
            "name": f"A {number}",
            "status": "active",
            "data": {"actions": {"push": "p"}} | some(rng, {"segments": {"segment": key}}),
        }
        for number, key in enumerate(segments)
    }
    return {
        "products": {f"{key}-{turn}": {"id": f"{key}.{turn}", **each} for key, each in products.items()},
        "entitlements": {
            f"{key}-{turn}": {**each, "product_ids": [renamed(item, turn) for item in each["product_ids"]]}
            for key, each in entitlements.items()
        },
        "segments": segments,
        "remote_configs": configs,
        "automations": automations,
    }


def renamed(item: Any, turn: int) -> Any:
    """A reference or an id of this turn."""
    return {"product": f"{item['product']}-{turn}"} if isinstance(item, dict) else f"{item}.{turn}"


FAULTS = (
    "POST /*: drop after, chance=0.3",
    "PATCH /*: drop before, chance=0.3",
    "* /*: status 503, chance=0.1",
    "PUT /*: drop after, chance=0.4",
    "GET /*: status 500, chance=0.1",
    "POST /*: hide 2, chance=0.5",
)


@pytest.mark.parametrize("seed", SEEDS)
def test_faults_leave_nothing_twice_and_nothing_behind(world: World, no_waiting: None, seed: int) -> None:
    """After the faults end, an apply completes, the plan after it is empty, and each object is there once."""
    rng = random.Random(f"faults {seed}")  # noqa: S311 - a seed makes it the same each time
    reading = {name: rng.choice([*answers]) for name, (answers, _) in ASSUMPTIONS.items()} | FIXED
    world._send("PUT", "/_dashboard/assumptions", reading)
    for turn in range(2):
        wanted = configuration(rng, turn)
        world.write(json.dumps(wanted), "main.yaml")
        world.fault(*rng.sample(FAULTS, 2))
        for _ in range(2):
            assert world.apply("--max-deletes=99", "--allow=empty-configuration", *ALLOWED).code in (0, 1, 5, 6)
        world.end_faults()
        done = world.apply("--max-deletes=99", "--allow=empty-configuration", *ALLOWED)
        assert done.code == 0, done.out + done.err
        again = world.plan()
        assert again.code == 0, again.out
        segments = [each["name"] for each in world.live("segments")]
        assert sorted(segments) == sorted(each["name"] for each in wanted["segments"].values())
        live = [each["name"] for each in world.live("remote-configurations") if each["status"] != "archived"]
        assert sorted(live) == sorted(each["name"] for each in wanted["remote_configs"].values())


@pytest.mark.parametrize("seed", SEEDS)
def test_a_world_comes_to_rest(world: World, no_waiting: None, seed: int) -> None:
    """After each apply the plan is empty; nothing of others was touched; an export of it all plans nothing either."""
    rng = random.Random(seed)  # noqa: S311 - a seed makes it the same each time
    reading = {name: rng.choice([*answers]) for name, (answers, _) in ASSUMPTIONS.items()} | FIXED
    world._send("PUT", "/_dashboard/assumptions", reading)
    others = {
        "segments": world.insert("segments", name="Other"),
        "products": world.insert("products", id="other", type="consumable"),
        "remote-configurations": world.insert("remote-configurations", name="Other", status="active"),
    }
    world.insert("segments", id="vendors", name="S 0", is_system=True)
    before = {name: [each for each in world.live(name) if each["id"] == key] for name, key in others.items()}
    for turn in range(2):
        world.write(json.dumps(configuration(rng, turn)), "main.yaml")
        done = world.apply("--max-deletes=99", "--allow=empty-configuration", *ALLOWED)
        assert done.code == 0, done.out + done.err
        again = world.plan()
        assert again.code == 0, again.out
    writes = world.writes()
    assert not [path for _, path, _ in writes for key in (*others.values(), "vendors") if path.endswith(f"/{key}")]
    assert {name: [each for each in world.live(name) if each["id"] == key] for name, key in others.items()} == before
    folder: Path = world.folder.parent / "exported"
    folder.mkdir()
    world.folder = folder
    exported = world.run("export")
    assert exported.code == 0, exported.err
    again = world.plan()
    assert again.code == 0, again.out + again.err
