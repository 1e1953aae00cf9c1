"""Remote configurations: values that apps ask for by a key. Facts: the vendor's pages on remote configurations. Sure:
the fields, PUT, the moves of the status, the payload and its mapping. Not stated: the body and the status of a new one,
which of two active ones with one key wins, and the shape of a condition, which is carried as it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.kinds.declaration import Endpoints, Field, Identity, Kind, Messages, Pages, SubEndpoint
from reconciler.kinds.schema import array, mapping, text
from reconciler.model.inputs import Fields
from reconciler.model.reports import Weight

MOVES = {"draft": ("active", "archived"), "active": ("archived",), "archived": ()}
TYPES: Mapping[str, tuple[type, ...]] = {
    "String": (str,),
    "Number": (int, float),
    "Bool": (bool,),
    # What their values look like is stated nowhere.
    **dict.fromkeys(("Json", "Color", "Products", "Screens"), (object,)),
}
CONDITION = {"metric": "target_platform", "comparator": "eq", "value": "Android", "negate": False}
LARGEST = 64 * 1024  # Bytes of a request with a payload [docs].
WORDS = {word: word for word in MOVES}
STATUS = SubEndpoint("PATCH", "/status", "status", WORDS, initial="draft", moves=MOVES, comes_last=True)
SERVED = ("payload", "segment_percent", "segmentation_conditions", "context_key")


def effects(before: Fields, after: Fields) -> Iterator[tuple[Weight, str]]:
    """Who gets it, and who does so at once."""
    was, will = (each.get("status") == "active" for each in (before, after))
    asked = f"apps that ask for `{after.get('context_key') or before.get('context_key') or ''}`"
    share = f"{after.get('segment_percent', 100):g} % of " + (
        "the users who fit its conditions" if after.get("segmentation_conditions") else "all users"
    )
    if was and not will:
        yield Weight.STOPS, f"{asked} do not get it any more"
    elif will and not was:
        yield Weight.STARTS, f"{asked} get it: {share}"
    elif will and any(before.get(name) != after.get(name) for name in SERVED):
        yield Weight.RISKS, f"it is active, so this goes live at once: {asked} get it, {share}"


def advice(objects: Mapping[str, Fields]) -> Iterator[str]:
    """Two active ones with one key, and values that are not as the mapping says."""
    active: dict[str, list[str]] = defaultdict(list)
    for address, fields in sorted(objects.items()):
        if fields.get("status") == "active" and isinstance(fields.get("context_key"), str):
            active[fields["context_key"]].append(address)
        payload, mapping = fields.get("payload"), fields.get("payload_mapping")
        if isinstance(payload, dict) and isinstance(mapping, dict):
            yield from (f"{address}: payload: {reason}" for reason in _find_mismatches(payload, mapping))
    for key, addresses in active.items():
        if len(addresses) > 1:
            yield f"{' and '.join(addresses)} are active for {key}: which of them an app gets is stated nowhere"


def _find_mismatches(payload: Mapping[str, Any], mapping: Mapping[str, Any]) -> Iterator[str]:
    for key, value in ((key, each) for key, each in payload.items() if each is not None):
        if mapping.get(key) is None:
            yield f"{key} is not in payload_mapping"
        elif type(value) not in TYPES.get(mapping[key], ()) and object not in TYPES.get(mapping[key], (object,)):
            yield f"{key} is no {mapping[key]}, which payload_mapping says"


REMOTE_CONFIG = Kind(
    name="remote_config",
    section="remote_configs",
    identity=Identity(object_name="remote_configuration", natural_key=("name",), name_field="name"),
    # A DELETE exists. What it does to an active one is stated nowhere, so one is archived in its place.
    endpoints=Endpoints("/remote-configurations", Pages.CURSOR, delete=None, on_demand=True, closed=True),
    fields=(
        Field("name", text("The name that the dashboard shows.", "Paywall, autumn", minLength=1, maxLength=256)),
        Field(
            "context_key",
            text(
                "The key that apps ask with. null: none. Unsure: which of two active ones with one key an app gets.",
                "main_paywall",
                type=["string", "null"],
            ),
            required=False,
        ),
        Field(
            "segment_percent",
            text("The share of the audience that gets it, in percent.", 50, type="number", minimum=0, maximum=100),
            required=False,
        ),
        Field(
            "segmentation_conditions",
            array(
                "Who gets it. Unsure: the shape of a condition, as the API documents none; each is sent as it is.",
                text("A condition.", CONDITION, type="object"),
            ),
            required=False,
        ),
        Field(
            "payload_mapping",
            mapping(
                "The type of each value of the payload. Unsure: whether the API checks the payload by it.",
                text("A type; null removes it.", type=["string", "null"], enum=[*TYPES, None]),
                {"cta": "String"},
            ),
            required=False,
            sub_endpoint=SubEndpoint("POST", "/payload-mapping", "data", reads=True),
        ),
        Field(
            "payload",
            text("The values. null in place of one removes it.", {"cta": "Try Studio"}, type="object"),
            required=False,
            sub_endpoint=SubEndpoint("PUT", "/payload", "data", reads=True, by_id=True),
            most_bytes=LARGEST,
        ),
        Field(
            "status",
            text(
                "draft, active, or archived for good. No way leads back. Unsure: what a new one begins with.",
                enum=list(MOVES),
            ),
            required=False,
            sub_endpoint=STATUS,
        ),
    ),
    server_fields=frozenset({"object", "id", "url", "created_at", "updated_at"}),
    example={
        "name": "Paywall, autumn",
        "context_key": "main_paywall",
        "segment_percent": 50,
        "segmentation_conditions": [],
        "payload_mapping": {"cta": "String", "columns": "Number"},
        "payload": {"cta": "Try Studio", "columns": 2},
        "status": "draft",
    },
    messages=Messages(
        title="Remote configurations",
        description="Values that apps ask for by a key. Removal archives one for good. "
        "Unsure: whether both keys share it.",
        source="the vendor's pages on remote configurations",
        lost_on_delete="its id, which experiments use; an archived one cannot come back",
        manual_step="the API has no such move of its status; `lifecycle: {replace: allow}` makes a new one instead",
        effects=effects,
        advice=advice,
    ),
)
