"""JSON Schema (2020-12): its parts, and what a user writes that is the same for every kind. See `resources`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.model.backends import BACKENDS

Schema = Mapping[str, Any]

BLOCKS = ("moved", "removed", "imports")
DEFAULTS, POLICIES = "defaults", "policies"

ID_PATTERN = "^[a-zA-Z0-9._-]{1,256}$"
KEY_PATTERN = "^[a-z0-9][a-z0-9_-]*$"
NAME_PATTERN = "^[A-Za-z_][A-Za-z0-9_]*$"
DATE_PATTERN = "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
# A key fits the pattern of a name, and is what people paste in its place.
SECRET_NAME_PATTERN = f"^(?!(test_)?sk_){NAME_PATTERN.removeprefix('^')}"
CONFIGURATION_PATTERN = "^[^\\u0000-\\u001f\\u007f]{1,200}$"
AREAS = "Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific"
LOCAL_TIME = f"^([01][0-9]|2[0-3]):[0-5][0-9] ({AREAS})(/[A-Z][A-Za-z0-9_+-]*)+$"
"""A time of day and a place, whose clock has seasons: `09:00 Europe/Berlin`. No fixed offset, such as CET."""


def text(description: str, *examples: Any, **limits: Any) -> dict[str, Any]:
    """The schema of a text within those limits, such as `minLength` or `enum`; with a `type`, of another value."""
    shown = {"examples": list(examples)} if examples else {}
    return {"type": "string", **limits, "description": description, **shown}


def array(description: str, items: Schema, *examples: Any, **limits: Any) -> dict[str, Any]:
    """The schema of a list of such items."""
    return text(description, *examples, **{"type": "array", "items": items, **limits})


def mapping(description: str, values: Schema, *examples: Any, **limits: Any) -> dict[str, Any]:
    """The schema of a map of any keys to such values."""
    return text(description, *examples, **{"type": "object", "additionalProperties": values, **limits})


def closed(description: str, properties: Schema, required: Sequence[str] = (), **more: Any) -> dict[str, Any]:
    """The schema of a map without other keys."""
    needed = {"required": list(required)} if required else {}
    head = {"type": "object", "description": description, "properties": properties}
    return {**head, **needed, "additionalProperties": False, **more}


def utc_time(description: str, minutes: int) -> dict[str, Any]:
    """The schema of a UTC time of day on a grid of so many minutes, or of a local time that is one all year. The
    description is of what the API has: a local time is of this tool."""
    times = ["{:02d}:{:02d}".format(*divmod(at, 60)) for at in range(0, 24 * 60, minutes)]
    local = {"title": "Local time", "description": "HH:MM Area/City: this time on that clock, all year."}
    choices = [{"title": "UTC", "enum": times}, {**local, "pattern": LOCAL_TIME}]
    return text(description, "09:00", "09:00 Europe/Berlin", oneOf=choices)


META_ARGUMENTS: Schema = {
    "for_each": mapping(
        "Makes one resource for each item, and for each combination if there are several dimensions.",
        array(
            "The items of a dimension. ${each.NAME} stands for the item, or for the key of a map.",
            {
                "type": ["string", "number", "object"],
                "description": "A text or a number that is the key, or a map with `key`.",
                "properties": {"key": text("The key of this item.", type=["string", "number"])},
                "required": ["key"],
            },
            minItems=1,
        ),
        {"app": ["chess", "go"]},
        minProperties=1,
        propertyNames={"pattern": NAME_PATTERN},
    ),
    "exclude": array(
        "Combinations of items for which there is no resource, by the keys of the items.",
        mapping(
            "An item of each dimension that is named; all of the dimensions that are not.",
            text("The key of an item.", type=["string", "number"]),
            minProperties=1,
        ),
        [{"app": "go", "region": "us"}],
    ),
    "only_in": array(
        "The environments in which this exists. Left out: all of them.",
        text("The name of an environment, or a pattern such as chess-*.", "production", minLength=1),
        ["production"],
        ["chess-*"],
        minItems=1,
    ),
    "key": text(
        "The key of each resource of for_each. Left out: this one's key and those of the items, with -.",
        "${each.app}-daily",
        type=["string", "integer"],
    ),
}
"""What may be written on any resource and is no field: which resources there are."""

LIFECYCLE = closed(
    "How the reconciler may treat this resource.",
    {
        "prevent_destroy": text(
            "Refuse every plan that would delete or replace it, even after this block has gone.", type="boolean"
        ),
        "ignore_changes": array(
            "Fields that an update leaves as they are live.",
            closed(
                "A field, or a path within one; with an owner, a reason and a date it ends at.",
                {
                    "field": text("A field, or a path within one.", minLength=1),
                    "until": text(
                        "The last day, YYYY-MM-DD. After it every plan warns.", "2027-01-31", pattern=DATE_PATTERN
                    ),
                    "reason": text("Why it is ignored.", minLength=1),
                    "owner": text("Who sees to it.", minLength=1),
                },
                ["field", "until", "reason"],
                type=["string", "object"],
                minLength=1,
                examples=["status", "data.actions.push"],
            ),
            ["status"],
        ),
        "replace": text("If the API cannot change a field, make a new object and delete the old one.", enum=["allow"]),
    },
)

STATE = closed(
    "Where the memory of what was applied is kept.",
    {
        "store": text(" ".join(f"{name}: {each.place}." for name, each in BACKENDS.items()), enum=list(BACKENDS)),
        **{name: dict(schema) for each in BACKENDS.values() for name, schema in each.settings.items()},
    },
    ["store"],
)

VARIABLES = mapping(
    "Values for ${var.NAME}. ${var.NAME.KEY} is a value within a map.",
    text(
        "What ${var.NAME} stands for here, without variables of its own. A null is no value.",
        type=["string", "number", "boolean", "null", "array", "object"],
    ),
    {"prefix": "[test] ", "apps": ["chess", "go"]},
    propertyNames={"pattern": NAME_PATTERN},
)

ENVIRONMENT = closed(
    "One project: its key, its values, its state.",
    {
        "secret_env": text(
            "The name of the variable that holds the Secret Key, never the key itself.",
            "QONVERSION_SECRET",
            pattern=SECRET_NAME_PATTERN,
        ),
        "secret_command": array(
            "A program that prints the Secret Key, of a password manager for example. Run "
            "where secret_env is left out or its variable is not set; never by validate.",
            text("The program, then its arguments, each an item of its own. No shell.", minLength=1),
            ["op", "read", "op://Team/Qonversion/secret-key"],
            minItems=1,
        ),
        "api_url": text(
            "The API's address if it is not the vendor's, or simulator: and a file.",
            "http://127.0.0.1:8080/v4",
            pattern="^(https?://|simulator:).",
        ),
        "state": STATE,
        "variables": VARIABLES,
    },
)

FREEZE = closed(
    "Whole days, both included, in `time_zone` or in UTC.",
    {
        "from": text("The first day, YYYY-MM-DD.", "2026-12-20", pattern=DATE_PATTERN),
        "to": text("The last day, YYYY-MM-DD.", "2027-01-02", pattern=DATE_PATTERN),
        "reason": text("Why, for those who are refused.", "holidays", minLength=1),
        "environments": array(
            "Names or patterns, as `-e` takes them. Left out: every environment.",
            text("An environment, or a pattern.", "production", "chess-*", minLength=1),
            ["production"],
            minItems=1,
        ),
    },
    ["from", "to", "reason"],
)

SETTINGS = closed(
    "What stands beside a configuration: its environments, where their states are kept, guards.",
    {
        "name": text(
            "A name of at most 200 characters, none of them a control character. The state, comments "
            "and saved plans carry it. Left out: the folder's path below the repository's top.",
            "growth",
            pattern=CONFIGURATION_PATTERN,
        ),
        "state": STATE,
        "guards": closed(
            "Limits that refuse an apply before anything is sent.",
            {
                "max_deletes": text(
                    "The most objects that one apply may delete or replace.", 5, type="integer", minimum=0
                )
            },
        ),
        "compare": closed(
            "What `reconciler compare` leaves out.",
            {
                "ignore": array(
                    "Fields that are meant to differ between environments.",
                    text("FIELD or KIND.FIELD; a field may be a path.", "report.environment", minLength=1),
                    ["report.environment", "data.actions.push"],
                )
            },
        ),
        "variables": {**VARIABLES, "description": "Values for every environment; those of an environment win."},
        "time_zone": text(
            "The readers' time zone, an IANA name: times are shown in it, beside UTC. Its days are those of `freeze`.",
            "Europe/Berlin",
            minLength=1,
        ),
        "freeze": array(
            "Windows in which `apply` is refused. `--only clock` and `--allow frozen` pass.",
            FREEZE,
            [{"from": "2026-12-20", "to": "2027-01-02", "reason": "holidays"}],
        ),
        "environments": mapping(
            "The projects that this configuration is for.",
            ENVIRONMENT,
            {
                "sandbox": {"secret_env": "QONVERSION_SANDBOX_SECRET", "variables": {"prefix": "[test] "}},
                "production": {"secret_env": "QONVERSION_SECRET", "variables": {"prefix": ""}},
            },
            minProperties=1,
        ),
    },
)
"""What may stand in `reconciler.yaml`."""
