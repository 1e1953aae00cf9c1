"""Every example of segments, remote configurations, entitlements and products, over real HTTP.

What may differ is named per example: times are the server's, and ids are, unless the caller chooses them.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import Any

import pytest

from reconciler.simulator import Simulator
from reconciler.simulator.app import EXAMPLES
from reconciler.simulator.server import Server

from .conftest import Dashboard
from .test_curl_lines import IDENTITY, RUNNERS, TIMES, Run, assert_documented

CONFIG = "remote-configurations/5f0c1a52-9d1e-4b7a-8f36-2c9be1d0a711"
SEGMENT = """{"object":"segment","id":"android-renewing","url":"/v4/segments/android-renewing",
"name":"Android renewing","is_system":false,
"conditions":[{"metric":"target_platform","comparator":"eq","value":"Android","negate":false},
{"metric":"renewable","comparator":"eq","value":"1","negate":false}],
"created_at":"2026-10-05T08:00:00Z","updated_at":"2026-10-05T08:00:00Z"}"""
RECORD = """{"object":"remote_configuration","id":"5f0c1a52-9d1e-4b7a-8f36-2c9be1d0a711",
"url":"/v4/remote-configurations/5f0c1a52-9d1e-4b7a-8f36-2c9be1d0a711","name":"Paywall, autumn","status":"draft",
"segment_percent":50,"segmentation_conditions":[],"context_key":"main_paywall",
"created_at":"2026-10-05T08:00:00Z","updated_at":"2026-10-05T08:10:00Z"}"""
PART = """{"object":"%s","url":"/v4/remote-configurations/5f0c1a52-9d1e-4b7a-8f36-2c9be1d0a711/%s",
"config_id":"5f0c1a52-9d1e-4b7a-8f36-2c9be1d0a711","data":%s}"""
MAPPING = '{"cta":"String","tint":"Color","columns":"Number"}'
PAYLOAD = '{"cta":"Try Studio","tint":"#2244EE","columns":2}'
ENTITLEMENT = """{"object":"entitlement","id":"studio","url":"/v4/entitlements/studio",
"created_at":"2026-10-05T08:00:00Z","updated_at":"2026-10-05T08:00:00Z",
"description":"Studio features","product_ids":["studio_yearly"]}"""
PRODUCT = """{"object":"product","id":"studio_yearly","url":"/v4/products/studio_yearly",
"type":"subscription","duration":"P1Y","apple_product_id":"app.example.studio.y1","google_product_id":"studio",
"google_base_plan_id":"y1","stripe_product_id":null,
"created_at":"2026-10-05T08:00:00Z","updated_at":"2026-10-05T08:00:00Z"}"""


@dataclass(frozen=True)
class Example:
    """A request, the documented status and body, the collections that are there before, and what may differ."""

    method: str
    path: str
    body: str | None
    status: int
    answer: str | None
    given: str = ""
    differ: frozenset[str] = frozenset(TIMES)


EXAMPLES_OF_THE_PAGES = {
    "create segment": Example(
        "POST",
        "segments",
        """{"name":"Android renewing","conditions":[
        {"metric":"target_platform","comparator":"eq","value":"Android","negate":false},
        {"metric":"renewable","comparator":"eq","value":"1","negate":false}]}""",
        201,
        SEGMENT,
    ),
    "create segment, negate left out": Example(
        "POST",
        "segments",
        """{"name":"EU prod renewables","conditions":[{"metric":"environment","comparator":"eq","value":"prod"},
        {"metric":"renewable","comparator":"eq","value":"1"}]}""",
        201,
        SEGMENT.replace("Android renewing", "EU prod renewables")
        .replace("android-renewing", "eu-prod-renewables")
        .replace(
            '"target_platform","comparator":"eq","value":"Android"', '"environment","comparator":"eq","value":"prod"'
        ),
    ),
    "get segment": Example("GET", "segments/android-renewing", None, 200, SEGMENT, "segments"),
    "delete segment": Example("DELETE", "segments/android-renewing", None, 204, None, "segments"),
    "create configuration": Example(
        "POST",
        "remote-configurations",
        '{"name":"Paywall, autumn","context_key":"main_paywall","segment_percent":50,"segmentation_conditions":[]}',
        201,
        RECORD,
        differ=frozenset(TIMES | IDENTITY),
    ),
    "replace configuration": Example(
        "PUT",
        CONFIG,
        '{"name":"Paywall, autumn","context_key":"main_paywall","segment_percent":50,"segmentation_conditions":[]}',
        200,
        RECORD,
        "remote-configurations",
    ),
    "set mapping": Example(
        "POST",
        f"{CONFIG}/payload-mapping",
        f'{{"data":{MAPPING}}}',
        200,
        PART % ("payload_mapping", "payload-mapping", MAPPING),
        "remote-configurations",
    ),
    "get mapping": Example(
        "GET",
        f"{CONFIG}/payload-mapping",
        None,
        200,
        PART % ("payload_mapping", "payload-mapping", MAPPING),
        "remote-configurations",
    ),
    "set payload": Example(
        "PUT",
        f"{CONFIG}/payload",
        f'{{"data":{PAYLOAD}}}',
        200,
        PART % ("remote_config_payload", "payload", PAYLOAD),
        "remote-configurations",
    ),
    "get payload": Example(
        "GET",
        f"{CONFIG}/payload",
        None,
        200,
        PART % ("remote_config_payload", "payload", PAYLOAD),
        "remote-configurations",
    ),
    "get configuration": Example(
        "GET",
        CONFIG,
        None,
        200,
        RECORD.replace(":50", ":100")[:-1] + f',"payload":{PAYLOAD}}}',
        "remote-configurations",
    ),
    "set configuration status": Example(
        "PATCH",
        f"{CONFIG}/status",
        '{"status":"active"}',
        200,
        RECORD.replace("draft", "active").replace(":50", ":100"),
        "remote-configurations",
    ),
    "delete configuration": Example("DELETE", CONFIG, None, 204, None, "remote-configurations"),
    "create entitlement": Example(
        "POST",
        "entitlements",
        '{"id":"studio","description":"Studio features","product_ids":["studio_yearly"]}',
        201,
        ENTITLEMENT,
        "products",
    ),
    "update entitlement": Example(
        "PATCH",
        "entitlements/studio",
        '{"product_ids":["studio_monthly","studio_yearly"]}',
        200,
        ENTITLEMENT.replace('["', '["studio_monthly","'),
        "products entitlements",
    ),
    "get entitlement": Example("GET", "entitlements/studio", None, 200, ENTITLEMENT, "products entitlements"),
    "delete entitlement": Example("DELETE", "entitlements/studio", None, 204, None, "products entitlements"),
    "create product": Example(
        "POST",
        "products",
        """{"id":"studio_yearly","type":"subscription","duration":"P1Y","apple_product_id":"app.example.studio.y1",
        "google_product_id":"studio","google_base_plan_id":"y1"}""",
        201,
        PRODUCT,
    ),
    "update product": Example(
        "PATCH",
        "products/studio_yearly",
        '{"stripe_product_id":"prod_9"}',
        200,
        PRODUCT.replace("null", '"prod_9"'),
        "products",
    ),
    "get product": Example("GET", "products/studio_yearly", None, 200, PRODUCT, "products"),
    "delete product": Example("DELETE", "products/studio_yearly", None, 204, None, "products"),
}


@pytest.mark.parametrize("run", RUNNERS)
@pytest.mark.parametrize("name", EXAMPLES_OF_THE_PAGES)
def test_an_example_gets_the_documented_answer(
    name: str, run: Run, server: Server, simulator: Simulator, dashboard: Dashboard
) -> None:
    """Each request of the pages, with the objects that it speaks of."""
    example = EXAMPLES_OF_THE_PAGES[name]
    simulator.assume({"segment-ids": "slug"})
    for collection, fields in EXAMPLES:
        if collection in example.given.split():
            dashboard.insert(collection, **fields)
    header = ["--header", "Authorization: Bearer sk_live", "--header", "Content-Type: application/json"]
    data = ["--data", example.body] if example.body else []
    line = shlex.join(["curl", "--request", example.method, *header, *data, f"{server.url}/{example.path}"])

    status, answer = run(shlex.split(line))

    assert status == example.status
    if example.answer:
        assert_documented(answer, json.loads(example.answer), example.differ)
    else:
        assert answer is None


@pytest.mark.parametrize(
    ("path", "names", "cursor"),
    [
        ("segments", ["Android renewing"], {"next_cursor": None}),
        ("segments/system", ["Churned users"], {"next_cursor": None}),
        ("remote-configurations", ["Paywall, autumn"], {"next_cursor": None}),
        ("entitlements", ["studio"], {}),
        ("products", ["studio_yearly", "studio_monthly"], {}),
    ],
)
def test_a_list_has_the_documented_envelope(
    path: str, names: list[str], cursor: dict[str, Any], server: Server, dashboard: Dashboard
) -> None:
    """The url is that of the collection, and `next_cursor` is null or absent at the end."""
    run = RUNNERS[0]
    assert callable(run)
    for collection, fields in (*EXAMPLES, ("segments", {"name": "Churned users", "is_system": True})):
        dashboard.insert(collection, **fields)
    status, answer = run(["curl", "--header", "Authorization: Bearer sk_live", f"{server.url}/{path}"])
    assert status == 200
    assert [record.get("name", record["id"]) for record in answer.pop("data")] == names
    envelope = {"object": "list", "url": f"/v4/{path.removesuffix('/system')}", "has_more": False}
    assert answer == envelope | cursor
