"""JSON Schema of `reconciler.yaml`."""

from __future__ import annotations

from reconciler.kinds.declaration import closed, text
from reconciler.kinds.schema import DATE_PATTERN, NAME_PATTERN, Schema
from reconciler.model.backends import BACKENDS

# A key fits the pattern of a name, and is what people paste in its place.
SECRET_NAME_PATTERN = f"^(?!(test_)?sk_){NAME_PATTERN.removeprefix('^')}"
CONFIGURATION_PATTERN = "^[^\\u0000-\\u001f\\u007f]{1,200}$"

STATE: Schema = closed(
    "Where the memory of what was applied is kept.",
    {
        "store": text(" ".join(f"{name}: {each.place}." for name, each in BACKENDS.items()), enum=list(BACKENDS)),
        **{name: dict(schema) for each in BACKENDS.values() for name, schema in each.settings.items()},
    },
    ["store"],
)

VARIABLES: Schema = {
    "type": "object",
    "description": "Values for ${var.NAME}. ${var.NAME.KEY} is a value within a map.",
    "propertyNames": {"pattern": NAME_PATTERN},
    "additionalProperties": {
        "type": ["string", "number", "boolean", "null", "array", "object"],
        "description": "What ${var.NAME} stands for here, without variables of its own. A null is no value.",
    },
    "examples": [{"prefix": "[test] ", "apps": ["chess", "go"]}],
}

ENVIRONMENT: Schema = closed(
    "One project: its key, its values, its state.",
    {
        "secret_env": text(
            "The name of the variable that holds the Secret Key, never the key itself.",
            "QONVERSION_SECRET",
            pattern=SECRET_NAME_PATTERN,
        ),
        "secret_command": {
            "type": "array",
            "minItems": 1,
            "items": text("The program, then its arguments, each an item of its own. No shell.", minLength=1),
            "description": "A program that prints the Secret Key, of a password manager for example. Run "
            "where secret_env is left out or its variable is not set; never by validate.",
            "examples": [["op", "read", "op://Team/Qonversion/secret-key"]],
        },
        "api_url": text(
            "The API's address if it is not the vendor's, or simulator: and a file.",
            "http://127.0.0.1:8080/v4",
            pattern="^(https?://|simulator:).",
        ),
        "state": STATE,
        "variables": VARIABLES,
    },
)

SETTINGS: Schema = closed(
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
                "max_deletes": {
                    "type": "integer",
                    "minimum": 0,
                    "description": "The most objects that one apply may delete or replace.",
                    "examples": [5],
                }
            },
        ),
        "compare": closed(
            "What `reconciler compare` leaves out.",
            {
                "ignore": {
                    "type": "array",
                    "items": text("FIELD or KIND.FIELD; a field may be a path.", "report.environment", minLength=1),
                    "description": "Fields that are meant to differ between environments.",
                    "examples": [["report.environment", "data.actions.push"]],
                }
            },
        ),
        "variables": {**VARIABLES, "description": "Values for every environment; those of an environment win."},
        "time_zone": text(
            "The readers' time zone, an IANA name: times are shown in it, beside UTC. Its days are those of `freeze`.",
            "Europe/Berlin",
            minLength=1,
        ),
        "freeze": {
            "type": "array",
            "description": "Windows in which `apply` is refused. `--only clock` and `--allow frozen` pass.",
            "items": closed(
                "Whole days, both included, in `time_zone` or in UTC.",
                {
                    "from": text("The first day, YYYY-MM-DD.", "2026-12-20", pattern=DATE_PATTERN),
                    "to": text("The last day, YYYY-MM-DD.", "2027-01-02", pattern=DATE_PATTERN),
                    "reason": text("Why, for those who are refused.", "holidays", minLength=1),
                    "environments": {
                        "type": "array",
                        "minItems": 1,
                        "description": "Names or patterns, as `-e` takes them. Left out: every environment.",
                        "items": text("An environment, or a pattern.", "production", "chess-*", minLength=1),
                        "examples": [["production"]],
                    },
                },
                ["from", "to", "reason"],
            ),
            "examples": [[{"from": "2026-12-20", "to": "2027-01-02", "reason": "holidays"}]],
        },
        "environments": {
            "type": "object",
            "description": "The projects that this configuration is for.",
            "minProperties": 1,
            "additionalProperties": ENVIRONMENT,
            "examples": [
                {
                    "sandbox": {"secret_env": "QONVERSION_SANDBOX_SECRET", "variables": {"prefix": "[test] "}},
                    "production": {"secret_env": "QONVERSION_SECRET", "variables": {"prefix": ""}},
                }
            ],
        },
    },
)
