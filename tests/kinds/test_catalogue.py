"""Segments, remote configurations, entitlements and products, in both readings of what the documents leave open."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from world import World

from reconciler.cli.main import run
from reconciler.kinds import KINDS

EXAMPLE = (Path(__file__).parents[2] / "examples" / "catalogue" / "catalogue.yaml").read_text(encoding="utf-8")
CONFIG = "remote_configs: {paywall: {name: P, context_key: k, segment_percent: 50, status: active, payload: {a: x}}}"
TWO = """
products: {a: {type: lifetime}, b: {type: lifetime}}
entitlements: {x: {product_ids: [{product: a}]}, y: {product_ids: [b]}}
"""
OPEN = [f"--allow=delete:{kind}" for kind in ("segment", "remote_config", "entitlement", "product")]


def assume(world: World, **answers: str) -> None:
    """What holds from now on where the documents leave it open."""
    world._send("PUT", "/_dashboard/assumptions", {name.replace("_", "-"): each for name, each in answers.items()})


def get(world: World, path: str) -> dict[str, object]:
    """What the API answers to a GET."""
    answer: dict[str, object] = world._client.get(f"/v4/{path}").json()
    world.requests()
    return answer


READINGS = [
    {},
    {
        "segments-list": "with-system",
        "archived-configs": "left-out",
        "segments-order": "oldest",
        "segment-ids": "slug",
        "segment-put": "clear",
        "config-create": "422",
        "config-put": "keep",
        "config-payload": "apart",
        "same-status": "409",
        "create-answer": "identity",
        "null-products": "ignore",
        "product-type": "fixed",
        "entitlement-ids": "wide",
        "delete-in-use": "409",
    },
    {"config-status": "active", "same-status": "422", "payload-check": "mapping", "unknown-product": "422"},
]


@pytest.mark.parametrize("reading", READINGS, ids=["first", "second", "third"])
def test_the_catalogue_is_applied_changed_and_removed(world: World, reading: dict[str, str]) -> None:
    """The second plan is empty each time, the vendor's rows stay as they are, and nothing is deleted unasked."""
    assume(world, **reading)
    world.insert("segments", id="churned-users", name="Android renewing", is_system=True)
    world.settle(EXAMPLE)
    world.write(
        EXAMPLE.replace("Studio features", "All of it")
        .replace("segment_percent: 50", "segment_percent: 20")
        .replace('value: "1"', 'value: "0"')
        .replace("y1\n    google", "y2\n    google")
        .replace("cta: Try Studio", "cta: Go")
    )
    done = world.apply()
    assert done.code == 0, done.out
    assert world.plan().code == 0
    world.write("reports: {}")
    refused = world.apply("--allow=empty-configuration")
    assert refused.code == 5
    assert all(f"--allow {name[8:]}" in refused.err for name in OPEN)
    done = world.apply("--allow=empty-configuration", "--max-deletes=9", *OPEN)
    assert done.code == 0, done.out
    writes = world.writes()
    assert [path for method, path, _ in writes if method == "DELETE" and "configurations" in path] == []
    assert world.plan("--prune").actions() == {}
    system = get(world, "segments/system")["data"]
    assert isinstance(system, list)
    assert [each["id"] for each in system] == ["churned-users"]


def test_a_plan_of_the_first_kinds_asks_for_nothing_more(world: World) -> None:
    """Lists of the others are read only if the configuration or the state has one."""
    world.settle("automations: {a: {name: A, status: active, data: {actions: {push: p}}}}")
    world.plan()
    assert {each["path"] for each in world.requests()} == {
        "/integrations",
        "/scheduled-reports",
        "/automations",
    }


def test_an_automation_waits_for_its_segment(world: World) -> None:
    """Referred to by its key; an id of the vendor's is sent as it is."""
    world.write(EXAMPLE)
    assert world.plan().change("automation.win-back")["depends_on"] == ["segment.android-renewing"]
    assert world.apply().code == 0
    (automation,) = world.live("automations")
    assert automation["data"]["segments"] == world.id_of("segment.android-renewing")
    world.write(EXAMPLE.replace("{segment: android-renewing}", "churned-users"))
    assert world.apply().code == 0
    assert world.live("automations")[0]["data"]["segments"] == "churned-users"
    assert world.plan().code == 0


def test_a_segment_that_is_in_use_says_by_what(world: World) -> None:
    """Who else is in it from now on, and which automations that reaches."""
    world.settle(EXAMPLE)
    world.write(EXAMPLE.replace('value: "1"', 'value: "0"'))
    said = world.plan().change("segment.android-renewing")["impact"]
    assert said == ["it holds other users from now on", '1 automation uses this segment: "Win back"']
    world.write(EXAMPLE.split("segments:\n  android")[0] + "automations: {}")
    assert world.plan().change("segment.android-renewing")["depends_on"] == ["automation.win-back"]


def test_products_are_attached_before_they_are_detached(world: World) -> None:
    """A product that moves is in both for a moment, and never in none."""
    world.settle(TWO)
    world.write(TWO.replace("{product: a}", "").replace("[b]", "[a, b]"))
    change = world.plan().change("entitlement.x")
    assert change["depends_on"] == ["entitlement.y"]
    assert "paying users of a may lose access" in change["impact"]
    assert world.apply().code == 0
    assert [path for _, path, _ in world.writes()] == ["/entitlements/y", "/entitlements/x"]


def test_products_come_before_the_entitlements_that_have_them(world: World) -> None:
    """Also if the entitlement has only the id of a product that is managed here; deletes go the other way round."""
    world.write(TWO)
    planned = world.plan()
    assert planned.change("entitlement.x")["depends_on"] == ["product.a"]
    assert planned.change("entitlement.y")["depends_on"] == ["product.b"]
    assert world.apply().code == 0
    world.requests()
    assume(world, **{"delete-in-use": "409"})
    world.write("products: {b: {type: lifetime}}\nentitlements: {y: {product_ids: [b]}}")
    assert world.apply(*OPEN).code == 0
    assert [path for _, path, _ in world.writes()] == ["/entitlements/x", "/products/a"]


def test_a_product_is_found_by_its_id_and_its_type_is_kept(world: World) -> None:
    """Without a state it is adopted; a new type needs another product, with an id of its own."""
    old = world.insert("products", id="old id:1", type=None)
    world.insert("products", id="a", type="lifetime", stripe_product_id="prod_1")
    world.write("products: {a: {type: lifetime}}")
    assert world.plan().actions() == {"product.a": "adopt"}
    assert {"kind": "product", "id": old, "name": old} in world.plan().document["unmanaged"]
    assert world.apply().code == 0
    world.write("products: {a: {type: consumable, lifecycle: {replace: allow}}}")
    assert world.plan().actions() == {"product.a": "manual"}
    world.write("products: {a: {id: a2, type: consumable, lifecycle: {replace: allow}}}")
    assert world.plan().actions() == {"product.a": "replace"}
    assert world.apply().code == 5
    assert world.apply("--allow=delete:product").code == 0
    assert [(method, path) for method, path, _ in world.writes()] == [
        ("POST", "/products"),
        ("DELETE", "/products/a"),
    ]


def test_a_new_product_needs_a_type(world: World) -> None:
    """Told with its place, before anything is sent."""
    world.write("products: {a: {duration: P1Y}}")
    done = world.plan()
    assert done.code == 3
    assert "main.yaml:1:12: product.a: a new product needs a type; expected one of" in done.err


def test_a_replace_says_which_live_values_the_new_one_does_not_get(world: World) -> None:
    """What is not managed is not known to be wanted: a new one would go to all users, without a payload."""
    world.settle("remote_configs: {a: {name: A, status: active, lifecycle: {replace: allow}}}")
    world.edit("remote-configurations", world.id_of("remote_config.a"), segment_percent=10, payload={"a": 1})
    world.write("remote_configs: {a: {name: A, status: draft, lifecycle: {replace: allow}}}")
    notes = world.plan().change("remote_config.a")["notes"]
    assert any("does not get segment_percent, payload, which" in note for note in notes), notes


def test_an_id_of_other_characters_says_which_it_may_have(world: World) -> None:
    """And not what the id is for."""
    world.write("products: {p: {id: 123, type: lifetime}}\nentitlements: {e: {id: é}}")
    told = world.plan().err
    assert "found the number 123; expected 1 to 255 letters, digits, -, _ or .; write it in quotes" in told
    assert 'found the text "é"; expected 1 to 256 letters, digits, -, _, ., spaces or colons' in told


def test_a_remote_configuration_is_activated_last(world: World) -> None:
    """Create, mapping, payload, a look, status; an update of an active one says that it goes live at once."""
    world.write(EXAMPLE)
    assert world.apply().code == 0
    paths = [path.rpartition("/")[2] for method, path, _ in world.writes() if "configurations" in path]
    assert [paths[0], *paths[1:]] == ["remote-configurations", "payload-mapping", "payload", "status"]
    world.write(EXAMPLE.replace("cta: Try Studio", "cta: Go"))
    change = world.plan().change("remote_config.paywall")
    assert change["impact"] == [
        "it is active, so this goes live at once: apps that ask for `main_paywall` get it, 50 % of all users"
    ]
    assert world.apply().code == 0
    assert [path.rpartition("/")[2] for _, path, _ in world.writes()] == ["payload"]


def test_a_configuration_costs_two_requests_more_if_it_is_managed(world: World) -> None:
    """Nothing for one that is not."""
    world.insert("remote-configurations", name="Other")
    world.settle(CONFIG)
    world.plan()
    paths = [each["path"] for each in world.requests() if "remote-configurations" in each["path"]]
    assert len(paths) == 3


def test_an_archived_configuration_is_neither_listed_nor_adopted(world: World) -> None:
    """Removing one archives it; one with its name is created again."""
    world.insert("remote-configurations", name="P", status="archived")
    world.write(CONFIG)
    assert world.plan().actions() == {"remote_config.paywall": "create"}
    assert world.plan().document["unmanaged"] == []
    assert world.apply().code == 0
    world.write(CONFIG.replace("status: active", "status: archived"))
    assert world.apply("--allow=delete:remote_config").code == 0
    assert [method for method, _, _ in world.writes()][-1] == "PATCH"
    assert world.plan().code == 0


def test_two_active_ones_on_one_key_are_warned_about(world: World) -> None:
    """Also if only one of them is managed; so is a value that is not as the mapping says."""
    world.insert("remote-configurations", name="Other", context_key="k", status="active")
    world.write(CONFIG.replace("payload: {a: x}", "payload: {a: x, b: 1}, payload_mapping: {a: Number}"))
    said = "\n".join(world.plan().document["warnings"])
    assert "are active for k" in said
    assert "remote_config.paywall: payload: a is no Number, which payload_mapping says" in said
    assert "remote_config.paywall: payload: b is not in payload_mapping" in said


def test_one_that_the_api_starts_as_active_is_warned_about(world: World) -> None:
    """Before its payload was written, it was live."""
    assume(world, **{"config-status": "active", "same-status": "409"})
    world.write(CONFIG)
    done = world.apply()
    assert done.code == 0, done.out
    assert "with the status active at once" in "".join(done.document["warnings"])
    world.write(CONFIG.replace("active", "draft").replace("P,", "Q,"))
    assert world.plan().actions() == {"remote_config.paywall": "manual"}


def test_a_payload_has_at_most_64_kib(world: World) -> None:
    """An error of the configuration, with the size."""
    world.write(f"remote_configs: {{a: {{name: A, payload: {{a: {'x' * 65536}}}}}}}")
    done = world.run("validate")
    assert done.code == 3
    assert "payload: the request for it has 65,553 bytes; expected at most 65,536" in done.err


@pytest.mark.parametrize(("status", "code"), [("403", 4), ("404", 1)])
def test_a_project_may_lack_a_kind(world: World, status: str, code: int) -> None:
    """A 403 or 404 on a list that nobody uses is nothing; on one that is used, it is the error that it is."""
    assume(world, **{"remote-configurations": status})
    world.settle(TWO)
    assert world.run("export").code == 5
    world.write(TWO + CONFIG)
    assert world.plan().code == code
    world.write(TWO)
    assert world.run("import", "--all").code == 0
    assert world.run("import", "--match", 'remote_config "*"').code == code


def test_a_project_is_exported_with_all_kinds(world: World) -> None:
    """References by keys, payloads, and no row of the vendor; the plan after it is empty."""
    world.settle(EXAMPLE)
    assume(world, **{"segments-list": "with-system"})
    folder = world.folder.parent / "exported"
    folder.mkdir()
    world.folder = folder
    assert world.run("export").code == 0
    names = {path.name for path in folder.glob("*.yaml")}
    assert names == {
        f"{name}.yaml" for name in ("segments", "automations", "products", "entitlements", "remote_configs")
    }
    assert "product: studio_yearly" in (folder / "entitlements.yaml").read_text()
    assert "segment: android-renewing" in (folder / "automations.yaml").read_text()
    assert "cta: Try Studio" in (folder / "remote_configs.yaml").read_text()
    assert world.plan().code == 0


def test_objects_of_all_kinds_are_imported(world: World) -> None:
    """Then the plan holds adopts and nothing else."""
    world.insert("products", id="a", type="lifetime")
    world.insert("entitlements", id="x", product_ids=["a"])
    world.insert("segments", name="S", conditions=[])
    world.insert("remote-configurations", name="P", payload={"a": 1}, payload_mapping={"a": "Number"})
    world.write("reports: {}")
    done = world.run("import", "--all")
    assert done.code == 0, done.err
    assert set(world.plan().actions().values()) == {"adopt"}
    assert len(world.plan().actions()) == 4


def test_drift_of_all_kinds_is_found_and_written_down(world: World) -> None:
    """In a payload, a condition, a description and a store's id."""
    world.settle(EXAMPLE)
    config = world.id_of("remote_config.paywall")
    world.edit("remote-configurations", config, payload={"cta": "Other", "tint": "#2244EE", "columns": 2})
    world.edit("entitlements", "studio", product_ids=["studio_yearly"])
    world.edit("products", "studio_yearly", stripe_product_id="prod_1", apple_product_id="z")
    assert world.run("drift").code == 2
    done = world.run("drift", "--adopt")
    assert done.code == 2, done.err
    assert world.plan().code == 0
    assert "cta: Other" in (world.folder / "main.yaml").read_text()


def test_the_page_graph_and_comparison_have_all_kinds(world: World) -> None:
    """Without a line of their own."""
    world.write(EXAMPLE)
    page = world.folder.parent / "plan.html"
    assert world.run("plan", "--report", f"html={page}").code == 0
    assert "remote_config.paywall" in page.read_text()
    graph = world.run("graph", "--format", "dot").out
    assert graph.count("->") == 3
    world.write("environments: {a: {variables: {p: 1}}, b: {variables: {p: 2}}}", "reconciler.yaml")
    world.write(EXAMPLE.replace("segment_percent: 50", 'segment_percent: "${var.p}"'))
    assert run(["compare", "a", "b", str(world.folder)]) == 2
    assert len(world.run("expand", "-e", "a", "--format", "json").document["resources"]) == 6


def test_a_saved_plan_goes_on_where_it_was_cut_off(world: World, no_waiting: None) -> None:
    """What was written is not written again, part by part; and nothing is stale."""
    saved = str(world.folder.parent / "saved.plan")
    world.write(CONFIG.replace("payload:", "payload_mapping: {a: String}, payload:"))
    assert world.plan("--out", saved).code == 2
    world.fault("PUT /remote-configurations/*/payload: status 422")
    assert world.apply("--plan", saved).code in (1, 6)
    world.end_faults()
    world.requests()
    done = world.apply("--plan", saved)
    assert done.code == 0, done.out
    assert [path.rpartition("/")[2] for _, path, _ in world.writes()] == ["payload", "status"]
    assert world.plan().code == 0


def test_a_protected_configuration_is_not_archived(world: World) -> None:
    """Neither by removing its block, nor by the status; the word of its kind does not pass that."""
    protected = CONFIG.replace("}}}", "}, lifecycle: {prevent_destroy: true}}}")
    world.settle(protected)
    world.write(protected.replace("active", "archived"))
    refused = world.apply("--allow=delete:remote_config")
    assert refused.code == 5
    assert "protected by prevent_destroy" in refused.err


def test_a_lost_create_is_found_by_the_id_that_was_chosen(world: World, no_waiting: None) -> None:
    """It is not made twice, and a 409 is none of its answers."""
    world.fault("POST /products: drop after, n=1")
    world.write("products: {a: {type: lifetime}}")
    done = world.apply()
    assert done.code == 0, done.out
    assert [method for method, _, _ in world.writes()] == ["POST"]


def test_what_the_configuration_holds_of_a_vendor_row_is_an_error(world: World) -> None:
    """An `imports` line does not make it ours."""
    world.insert("segments", id="churned-users", name="S", is_system=True)
    assume(world, **{"segments-list": "with-system"})
    world.write("segments: {s: {name: S}}\nimports: [{to: segment.s, id: churned-users}]")
    done = world.plan()
    assert done.code == 5
    assert "there is no live segment with the id churned-users" in done.err


def test_a_state_can_be_moved_and_forgotten(world: World) -> None:
    """Addresses with an underscore are addresses in every command."""
    world.settle(CONFIG)
    state = [str(world.folder)]
    assert run(["state", "mv", "remote_config.paywall", "remote_config.wall", *state]) == 0
    world.write(CONFIG.replace("paywall:", "wall:"))
    assert world.plan().code == 0
    assert world.plan("--target", "remote_config.*").code == 0
    assert run(["explain", "remote_config.wall.payload.a", *state]) == 0
    assert run(["explain", "remote_config[nothing]", *state]) == 64


def test_a_receipt_has_what_pruned_objects_held(world: World) -> None:
    """Their parts are read before they are archived, and what was approved has them."""
    made = world.insert("remote-configurations", name="Other", payload={"a": 1}, payload_mapping={"a": "Number"})
    world.settle(CONFIG)
    planned = world.plan("--prune")
    paths = {field["path"]: field["before"] for field in planned.change(f"remote_config[{made}]")["fields"]}
    assert (paths["payload.a"], paths["payload_mapping.a"]) == (1, "Number")
    done = world.apply("--prune", "--max-deletes=9", *OPEN)
    assert done.code == 0, done.out
    assert '"payload":{"a":1}' in "".join(path.read_text() for path in world.folder.rglob("receipts/*/*.json"))


@pytest.mark.parametrize("kind", ["segment", "remote_config", "entitlement", "product"])
def test_the_descriptions_say_what_is_unsure(world: World, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In the schema that editors show, and in `explain`; what the vendor states is not marked."""
    told = [str(field.schema["description"]) for field in KINDS[kind].fields]
    unsure = [text for text in (KINDS[kind].messages.description, *told) if "nsure: " in text]
    assert len(unsure) >= 2
    schema = (Path(__file__).parents[2] / "schemas" / f"{kind}.schema.json").read_text(encoding="utf-8")
    assert all(json.dumps(text) in schema for text in unsure if text in told)
    world.settle(EXAMPLE)
    state = json.loads(world.state.read_text(encoding="utf-8"))
    address = next(each for each in state["resources"] if each.startswith(f"{kind}."))
    name = next(field.name for field in KINDS[kind].fields if "nsure: " in field.schema["description"])
    assert run(["explain", f"{address}.{name}", str(world.folder)]) == 0
    assert "nsure: " in capsys.readouterr().out


def test_two_entitlements_that_swap_products_are_told_how_to_leave_no_gap(world: World) -> None:
    """The plan gives one product up before the other entitlement has it, says so, and how it is avoided."""
    world.settle(TWO)
    swapped = TWO.replace("{product: a}", "X").replace("[b]", "[{product: a}]").replace("X", "{product: b}")
    world.write(swapped)
    planned = world.plan()
    notes = [note for each in planned.document["changes"] for note in each["notes"] if "gives" in note]
    assert len(notes) == 1
    assert "to leave no gap, first apply with " in notes[0]
    assert notes[0].endswith("in both")
    world.write(TWO.replace("[{product: a}]", "[a, b]").replace("[b]}", "[a, b]}"))
    assert world.apply().code == 0
    world.write(swapped)
    assert not [note for each in world.plan().document["changes"] for note in each["notes"] if "gives" in note]
    assert world.apply().code == 0
    assert world.plan().code == 0


def test_an_old_id_is_written_as_it_is(world: World) -> None:
    """One with a space or a colon is exported, and found by it without a state; no second object is made. A new product
    cannot have one."""
    world.insert("products", id="old id:1", type="lifetime")
    world.insert("entitlements", id="old id:2", product_ids=["old id:1"])
    done = world.run("export")
    assert done.code == 0, done.err
    assert "warning" not in done.err
    assert world.plan().code == 0
    world.state.unlink()
    assert world.plan().actions() == {"product.old-id-1": "adopt", "entitlement.old-id-2": "adopt"}
    assert world.apply().code == 0
    assert world.writes() == []
    world.write("products: {a: {id: 'a b', type: lifetime}}", "more.yaml")
    done = world.plan()
    assert done.code == 3
    assert "more.yaml:1:12: product.a: a new product's id has no space and no colon, as 'a b' has" in done.err


def test_one_that_somebody_archived_is_made_anew_and_says_why(world: World) -> None:
    """It cannot come back, and it was perhaps not deleted."""
    world.settle(CONFIG)
    made = world.id_of("remote_config.paywall")
    world.edit("remote-configurations", made, status="archived")
    change = world.plan().change("remote_config.paywall")
    assert (change["action"], change["reason"]) == (
        "create",
        f"it was archived or deleted outside: {made} is gone",
    )
