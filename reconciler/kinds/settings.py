"""JSON Schemas of what stands beside a configuration: `reconciler.yaml` and `*.test.yaml`."""

from __future__ import annotations

from reconciler.errors import Exit
from reconciler.kinds import KINDS
from reconciler.kinds.schema import DATE_PATTERN, ID_PATTERN, NAME_PATTERN, Schema, array, closed, mapping, text
from reconciler.model.backends import BACKENDS
from reconciler.model.plan import SUMMARY_ORDER, Action

# A key fits the pattern of a name, and is what people paste in its place.
SECRET_NAME_PATTERN = f"^(?!(test_)?sk_){NAME_PATTERN.removeprefix('^')}"
CONFIGURATION_PATTERN = "^[^\\u0000-\\u001f\\u007f]{1,200}$"  # It stands in comments and names of refs.

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

APPLIED, EMPTY, PLAN = "applied", "empty", "plan"
COUNT = text("How many.", type="integer", minimum=0)
ONE_OR_MORE = ["array", "string"]
EXPECT = {
    "exit": text("The exit code. Left out: 0, or 5 if a refusal is expected.", type="integer", enum=[*map(int, Exit)]),
    "summary": closed(
        "How many changes of each action. An action that is left out must not occur.",
        dict.fromkeys((*map(str, SUMMARY_ORDER), "unchanged", "unmanaged"), COUNT),
    ),
    "changes": mapping(
        "What is done, by address or a pattern of addresses.",
        text("An action, values, or null.", type=["string", "object", "null"], pattern=f"^({'|'.join(Action)})$"),
        {"report.daily": {"send_at": "10:00"}, "report.old-*": "delete", "integration.hook": None},
    ),
    "refused": array("The guards that refuse, and no others.", text("A guard.", "prevent-destroy"), type=ONE_OR_MORE),
    "policies": array("The policies that something violates, and no others.", text("A policy."), type=ONE_OR_MORE),
    "warnings": array("A part of each warning, and no other warnings.", text("A part of a warning."), type=ONE_OR_MORE),
    "requests": mapping("How many requests, by method and path.", COUNT, {"POST /reports": 1, "DELETE /*": 0}),
    "then": text("empty: once all is applied, without faults, a plan has nothing to do.", enum=[EMPTY]),
}


def make_case_schema() -> Schema:
    """The schema of one test of a configuration."""
    an_id = text("Its id. Left out: one of the simulator's.", "wbRlfw1x", pattern=ID_PATTERN)
    live = {
        kind.name: closed(kind.messages.description, {**{each.name: each.schema for each in kind.fields}, "id": an_id})
        for kind in KINDS.values()
    }
    parts = {
        "environment": array(
            "An environment, a pattern, or a list: a test each.", text("A name or a pattern.", "eu-*"), type=ONE_OR_MORE
        ),
        "run": text("What is run. Left out: plan.", enum=[PLAN, "apply"]),
        "given": array(
            "applied (the configuration, a day before), empty, or a list of live objects. Left out: applied.",
            closed("A live object that nobody manages, by its kind.", live),
            APPLIED,
            [{"integration": {"id": "int-wh-01", "title": "Alerts"}}],
            type=ONE_OR_MORE,
            pattern=f"^({APPLIED}|{EMPTY})$",
        ),
        "change": mapping(
            "What is changed in the YAML: fields by address, or null for a resource that is taken away.",
            text("Fields; maps merge.", type=["object", "null"]),
            properties={"variables": VARIABLES},
        ),
        "faults": array("What goes wrong, as in `simulate --fault`.", text("A fault.", "GET /*: drop after")),
        "at": text("When the run happens, with a zone.", "2027-03-28T02:00Z"),
        "expect": closed("What must come of the run. What is left out is not compared, but for the exit code.", EXPECT),
    }
    return closed("What is live, what is changed, what is run, and what must come of it.", parts, ["expect"])


def test_file() -> Schema:
    """The schema of `*.test.yaml`."""
    tests = mapping("The tests, by names of yours.", make_case_schema(), minProperties=1)
    return closed("Tests of the configuration, which `reconciler test` runs.", {"tests": tests}, ["tests"])
