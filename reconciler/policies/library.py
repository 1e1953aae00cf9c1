"""The ready rules, which a policy includes by `use: NAME`. Their documents are made from these declarations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.text import closest, quote

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
IS_ACTIVE = 'has(resource.status) && resource.status == "active"'


@dataclass(frozen=True, slots=True)
class Given:
    """A value that a policy gives a rule under `with`. Without a `default`, it has to be written."""

    description: str
    example: Any
    default: Any = None

    def fits(self, value: Any) -> bool:
        """Whether a value has the type of the example."""
        if isinstance(self.example, list):
            return isinstance(value, list) and all(isinstance(each, str) for each in value)
        return type(value) is type(self.example)


@dataclass(frozen=True, slots=True)
class Rule:
    """A ready rule. Its expressions see `with` too. `alike` gives texts of a resource; the variable of that name is how
    many resources share one, at most. With `clock`, they see the `day` and the `time` (HH:MM) of the command's clock in
    `with.time_zone`: as data, since CEL has no clock."""

    name: str
    description: str
    require: str
    message: str
    when: str = "true"
    kinds: tuple[str, ...] = ()
    given: Mapping[str, Given] = field(default_factory=dict)
    alike: str = ""
    clock: bool = False


RULES: Mapping[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule(
            "active-reports-have-a-destination",
            "An active report has a destination that works: an integration that is not paused, or one that is not "
            "managed here.",
            "resource.destinations.exists(d, !has(d.integration)) || "
            'references.exists(r, !has(r.fields.status) || r.fields.status == "active")',
            "An active report needs a destination that works.",
            IS_ACTIVE,
            ("report",),
        ),
        Rule(
            "production-reports-avoid-sandbox-integrations",
            "A report on production data does not go to an integration whose title says that it is for tests.",
            "references.all(r, !r.fields.title.matches(with.title)) && "
            "resource.destinations.all(d, !has(d.label) || !d.label.matches(with.title))",
            "A production report goes to an integration that is for tests.",
            'resource.environment == "production"',
            ("report",),
            {"title": Given("A regular expression (RE2) for such titles.", "(?i)sandbox|test", "(?i)sandbox")},
        ),
        Rule(
            "at-most-reports-a-slot",
            "No more than `max` active reports go to one destination at one time of day.",
            "alike <= with.max",
            "Too many reports go to one destination at this time.",
            IS_ACTIVE,
            ("report",),
            {"max": Given("How many reports.", 5, 5)},
            "resource.destinations.map(d, (has(d.integration) ? d.integration : has(d.label) ? d.label : d.id)"
            ' + " " + resource.send_at)',
        ),
        Rule(
            "names-follow-a-pattern",
            "The name that people see (of a report its `report_name`) matches `pattern`.",
            "name.matches(with.pattern)",
            "The name does not follow the pattern.",
            given={"pattern": Given("A regular expression (RE2) that is found in the name.", "^\\[growth\\] ")},
        ),
        Rule(
            "no-deletes-on-friday-afternoon",
            "A plan deletes or replaces no active report on these days, from `from` until `to`.",
            "!(clock.day in with.days && clock.time >= with.from && clock.time < with.to)",
            "Active reports are not deleted at this time of the week.",
            'change.action in ["delete", "replace"] && has(change.before.status) && change.before.status == "active"',
            ("report",),
            {
                "days": Given("Days of the week.", ["friday"], ["friday"]),
                "from": Given("HH:MM, included.", "12:00", "12:00"),
                "to": Given("HH:MM, not included.", "24:00", "24:00"),
                "time_zone": Given("An IANA name; empty: `time_zone` of reconciler.yaml, or UTC.", "Europe/Berlin", ""),
            },
            clock=True,
        ),
        Rule(
            "production-integrations-are-protected",
            "An integration of the production environment has `lifecycle: {prevent_destroy: true}`.",
            "has(lifecycle.prevent_destroy) && lifecycle.prevent_destroy",
            "An integration in production needs lifecycle: {prevent_destroy: true}.",
            "environment == with.environment",
            ("integration",),
            {"environment": Given("The environment of reconciler.yaml.", "production", "production")},
        ),
    )
}


def problem_of_given(name: str, given: Mapping[str, Any]) -> tuple[str, str]:
    """The key of a policy that is wrong about its ready rule, and why; two empty texts if none is."""
    rule = RULES.get(name)
    if rule is None:
        close = closest(name, list(RULES)) if name else ""
        return ("use", f"there is no ready rule {quote(name)}{close}") if name else ("with", "is for ready rules only")
    for key, value in given.items():
        known = rule.given.get(key)
        if known is None:
            return f"with.{key}", f"the rule {name} takes {', '.join(rule.given) or 'no values'}, and no {quote(key)}"
        if not known.fits(value) or (key == "days" and not {*value} <= {*DAYS}):
            return f"with.{key}", f"{key}: expected a value such as {known.example}"
    missing = next((key for key, each in rule.given.items() if each.default is None and key not in given), "")
    return ("use", f"the rule {name} needs {missing}; expected it below `with`") if missing else ("", "")
