"""Random projects: what is wanted, what is live beside it, what people change in both."""

from __future__ import annotations

import json
import random
from typing import Any

from world import Json, World

UGLY = ["Été", "日本", "a: b", "# x", "${x}", "no", "1e3", "[test]", "\N{ROCKET}", "tab\there", '"q"']
PROVIDERS = ["webhooks", "slack", "amazon_s3", "google_cloud_storage"]
PLATFORMS = ["iOS", "Android"]
SECTIONS = {"integrations": "integration", "reports": "report", "automations": "automation"}
COLLECTIONS = {"integration": "integrations", "report": "scheduled-reports", "automation": "automations"}
ANCHOR = "anchor"
"""The integration that nobody renames or removes, so that an id of it may be written."""


class Project:
    """A desired configuration that a seed, or somebody's choices, lead through changes."""

    def __init__(self, chance: int | random.Random) -> None:
        self.random = random.Random(chance) if isinstance(chance, int) else chance  # noqa: S311 - can be repeated
        self.names = 0
        self.manual: set[str] = set()
        self.replaced: set[str] = set()
        self.raw: list[str] = []
        self.wanted: Json = {"integrations": {ANCHOR: self.integration()}, "reports": {}, "automations": {}}
        for number in range(self.random.randint(0, 4)):
            self.wanted["integrations"][f"i{number}"] = self.integration()
        for number in range(self.random.randint(0, 4)):
            self.wanted["reports"][f"r{number}"] = self.report()
        for number in range(self.random.randint(0, 4)):
            self.wanted["automations"][f"a{number}"] = self.automation()

    def name(self) -> str:
        """A name that nothing else has."""
        self.names += 1
        return f"{self.random.choice(UGLY)} {self.names}"

    def integration(self) -> Json:
        """An integration as written."""
        chosen = self.random
        fields: Json = {
            "title": self.name(),
            "integration": chosen.choice(PROVIDERS),
            "target_platform": chosen.choice(PLATFORMS),
        }
        if chosen.random() < 0.7:
            fields["status"] = chosen.choice(["active", "paused"])
        if chosen.random() < 0.5:
            fields["lifecycle"] = {"replace": "allow"}
        return fields

    def report(self) -> Json:
        """A report as written; it delivers to some of the integrations."""
        chosen = self.random
        return {
            "report_name": self.name(),
            "send_at": f"{chosen.randrange(24):02d}:{chosen.choice(['00', '30'])}",
            "included_range_days": chosen.choice([1, 3, 7]),
            "status": chosen.choice(["draft", "active"]),
            "environment": chosen.choice(["sandbox", "production"]),
            "destinations": self.destinations(),
        }

    def destinations(self) -> list[Json]:
        """References by key, and ids of what is not managed or never moves."""
        keys = sorted(self.wanted["integrations"])
        found: list[Json] = [
            {"integration": key} for key in self.random.sample(keys, self.random.randint(1, len(keys)))
        ]
        if self.raw and self.random.random() < 0.5:
            found.append({"type": "target_integration", "id": self.random.choice(self.raw)})
        return found

    def automation(self) -> Json:
        """An automation as written."""
        fields = {
            "name": self.name(),
            "status": self.random.choice(["active", "inactive", "paused"]),
            "data": self.data(),
        }
        return fields | ({"caption": self.name()} if self.random.random() < 0.5 else {})

    def data(self) -> Json:
        """Data with nested parts of our own invention."""
        chosen = self.random
        data: Json = {
            "initiators": [{"uid": str(chosen.randrange(5)), "type": "event"} for _ in range(chosen.randint(0, 3))],
            "actions": {
                action: f"u{chosen.randrange(5)}"
                for action in chosen.choice([["push"], ["screen"], ["push", "screen"]])
            },
        }
        if chosen.random() < 0.5:
            data["platform"] = chosen.choice(["iOS", "Android", None])
        if chosen.random() < 0.5:
            leaf: Any = chosen.choice([True, False, None, 0, 1, 1.5, "x", "", [], {}, [1, {"y": None}]])
            data["custom"] = {"__private": leaf, "deep": {self.name().replace("$", ""): leaf}}
        return data

    def write(self, world: World) -> None:
        """Put it into the folder: JSON is YAML."""
        world.write(json.dumps(self.wanted, ensure_ascii=False).replace("${", "$${"))

    def edit(self) -> None:
        """What a team does in a review: remove, add, rename, change, move."""
        self.manual.clear()
        self.replaced.clear()
        self._remove()
        self._edit_integrations()
        for key in sorted(self.wanted["reports"]):
            if self.random.random() < 0.5:
                fresh = self.report()
                field = self.random.choice(sorted(fresh))
                self.wanted["reports"][key][field] = fresh[field]
        for key in sorted(self.wanted["automations"]):
            if self.random.random() < 0.5:
                self.wanted["automations"][key] |= dict(
                    [self.random.choice(sorted(self.automation().items(), key=str))]
                )
        self._move()
        self.wanted["reports"][f"n{self.names}"] = self.report()

    def _remove(self) -> None:
        for section in SECTIONS:
            for key in sorted(self.wanted[section]):
                if key != ANCHOR and self.random.random() < 0.25:
                    del self.wanted[section][key]
        known = self.wanted["integrations"]
        for report in self.wanted["reports"].values():
            kept = [item for item in report["destinations"] if item.get("integration", ANCHOR) in known]
            report["destinations"] = kept or [{"integration": ANCHOR}]

    def _edit_integrations(self) -> None:
        for key, fields in sorted(self.wanted["integrations"].items()):
            if self.random.random() < 0.3:
                fields["status"] = self.random.choice(["active", "paused"])
            if key != ANCHOR and self.random.random() < 0.4:
                fresh = self.integration()
                field = self.random.choice(["title", "integration", "target_platform"])
                if fields[field] != fresh[field]:
                    fields[field] = fresh[field]
                    (self.replaced if "lifecycle" in fields else self.manual).add(f"integration.{key}")

    def _move(self) -> None:
        self.wanted["moved"] = []
        for section in ("reports", "automations"):
            for key in sorted(self.wanted[section]):
                if self.random.random() < 0.2:
                    self.wanted[section][f"{key}-moved"] = self.wanted[section].pop(key)
                    noun = SECTIONS[section]
                    self.wanted["moved"].append({"from": f"{noun}.{key}", "to": f"{noun}.{key}-moved"})


def neighbours(project: Project, world: World) -> None:
    """Objects of other people, and some that are ours but for the state."""
    chosen = project.random
    for number in range(chosen.randint(0, 3)):
        fields = {name: value for name, value in project.integration().items() if name not in ("status", "lifecycle")}
        made = world.insert("integrations", **fields, active=chosen.choice([0, 1, 2]))
        project.raw.append(made)
        target = {"type": "target_integration", "id": made}
        world.insert("scheduled-reports", **{**project.report(), "destinations": [target]})
        world.insert("automations", **{**project.automation(), "caption": f"theirs {number}"})
    for fields in project.wanted["automations"].values():
        if chosen.random() < 0.4:
            world.insert("automations", **{**project.automation(), "name": fields["name"]})
    for fields in project.wanted["integrations"].values():
        if chosen.random() < 0.4:
            known = {name: fields[name] for name in ("title", "integration", "target_platform")}
            world.insert("integrations", **known, active=chosen.choice([0, 1, 2]))


def drift(project: Project, world: World, managed: dict[str, str]) -> None:
    """What people do in the dashboard to objects that are ours. The anchor stays, whatever happens."""
    chosen = project.random
    for address, object_id in sorted(managed.items()):
        kind, _, key = address.partition(".")
        luck = chosen.random()
        if luck > 0.4 or key == ANCHOR:
            continue
        if luck < 0.08:
            world.remove(COLLECTIONS[kind], object_id)
            continue
        if kind == "integration":
            world.edit("integrations", object_id, active=chosen.choice([0, 1, 2]), last_error_message="no")
            continue
        fresh = project.report() if kind == "report" else project.automation()
        target = [{"type": "target_integration", "id": managed[f"integration.{ANCHOR}"]}]
        fresh |= {"destinations": target} if kind == "report" else {"status": chosen.choice(["unknown", "paused"])}
        field = chosen.choice(sorted(fresh))
        world.edit(COLLECTIONS[kind], object_id, **{field: fresh[field]})
