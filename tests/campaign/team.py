"""A team whose configuration also imports, lets go, protects and ignores."""

from __future__ import annotations

import copy
import json
import random
import zlib
from collections.abc import Mapping
from datetime import datetime, time
from zoneinfo import ZoneInfo

from apply.random_worlds import ANCHOR, PLATFORMS, SECTIONS, Project
from world import Json, World

SHELTERED = {"reports": "send_at", "automations": "caption"}
"""Section → the field that may be ignored there."""
HERE, ELSEWHERE = "default", "elsewhere"
"""The environment that lives, and one of which nothing is ever live."""
ZONES = (None, "Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kolkata")
"""Whose clock a report follows, by its key; the first is UTC."""
ABROAD: Mapping[str, Json] = {
    "reports": {
        "report_name": "Abroad",
        "send_at": "00:00",
        "included_range_days": 1,
        "status": "active",
        "environment": "sandbox",
        "destinations": [{"integration": ANCHOR}],
    },
    "automations": {"name": "Abroad", "status": "active", "data": {"actions": {"push": "u0"}}},
}


class Team(Project):
    """A project that a seed leads through several reviews.

    `dared` are protected resources that the last edit has taken out all the same: back in once that was refused.
    `now`: what time it is, if reports are sent at local times; then no clock changes within a day.
    """

    def __init__(self, seed: int) -> None:
        self._twins: set[tuple[str, ...]] = set()
        super().__init__(seed)
        self.dared: dict[str, Json] = {}
        self.now: datetime | None = None
        self._reviewed: Json = {}
        self._shelter()

    def edit(self) -> None:
        """A review, in which some of what goes is not deleted but let go."""
        before = self._reviewed = copy.deepcopy(self.wanted)
        super().edit()
        self.wanted["imports"] = []
        # Two moves of one key would be two stories, and what has moved has not gone
        kept = {item["from"] for item in self.wanted["moved"]}
        gone = {
            f"{SECTIONS[section]}.{key}": fields
            for section in SECTIONS
            for key, fields in before[section].items()
            if key not in self.wanted[section] and f"{SECTIONS[section]}.{key}" not in kept
        }
        self.dared = {address: each for address, each in sorted(gone.items()) if _protected(each)}
        self.wanted["removed"] = [
            {"from": address, "destroy": False}
            for address, fields in sorted(gone.items())
            if address not in self.dared and _stands_alone(fields) and self.random.random() < 0.3
        ]
        self._shelter()

    def name(self) -> str:
        """A name that nothing else has; some end in a space, or hold letters that Unicode can write in two ways."""
        return super().name() + self.random.choice(["", "", "", " ", " e\N{COMBINING ACUTE ACCENT}"])

    def integration(self) -> Json:
        """As anybody's; some are the twin of another one on the other platform, with its provider and title.

        A twin is made once, be it for the team or for somebody else: the tool rightly refuses a name that two bear.
        """
        fields = super().integration()
        known = getattr(self, "wanted", {}).get("integrations", {})
        alone = [each for each in known.values() if self._has_no_twin(each)]
        if alone and self.random.random() < 0.3:
            original = self.random.choice(alone)
            platform = next(each for each in PLATFORMS if each != original["target_platform"])
            twin = fields | {name: original[name] for name in ("title", "integration")} | {"target_platform": platform}
            if _identity(twin) not in self._twins:
                self._twins.add(_identity(twin))
                return twin
        return fields

    def _edit_integrations(self) -> None:
        """As anybody's; what would make one of two twins the other, be it one that goes, is taken back."""
        before = copy.deepcopy(self.wanted["integrations"])
        super()._edit_integrations()
        for key, fields in sorted(self.wanted["integrations"].items()):
            known = (*self._reviewed["integrations"].items(), *self.wanted["integrations"].items())
            others = {_identity(each) for name, each in known if name != key} | self._twins
            was = before.get(key)
            if was is not None and _identity(fields) != _identity(was) and _identity(fields) in others:
                self.wanted["integrations"][key] = before[key]
                self.manual.discard(f"integration.{key}")
                self.replaced.discard(f"integration.{key}")

    def _has_no_twin(self, fields: Json) -> bool:
        return sum(each["title"] == fields["title"] for each in self.wanted["integrations"].values()) == 1

    def repent(self) -> None:
        """What is protected comes back, as it was but for destinations that are not there any more."""
        sections = {kind: section for section, kind in SECTIONS.items()}
        for address, fields in self.dared.items():
            kind, _, key = address.partition(".")
            if "destinations" in fields:
                fields["destinations"] = [{"integration": ANCHOR}]
            self.wanted[sections[kind]][key] = fields

    def take_in(self, kind: str, object_id: str) -> None:
        """Somebody's object becomes one of the team's, with what the team wants of it."""
        section = next(name for name, noun in SECTIONS.items() if noun == kind)
        fields = self.report() if kind == "report" else self.automation()
        self.names += 1
        self.wanted[section][f"m{self.names}"] = fields
        self.wanted.setdefault("imports", []).append({"to": f"{kind}.m{self.names}", "id": object_id})

    def write(self, world: World) -> None:
        """Puts it into the folder, some of it in fewer words."""
        luck = random.Random(f"write {self.names}")  # noqa: S311 - a world that can be repeated
        wanted = copy.deepcopy(self.wanted)
        for key, fields in wanted["reports"].items():
            if zone := self._zone(key):
                fields["send_at"] += f" {zone}"
        world.write(json.dumps(in_few_words(wanted, luck), ensure_ascii=False))

    def _zone(self, key: str) -> str | None:
        return ZONES[zlib.crc32(key.encode()) % len(ZONES)] if self.now else None

    def visible(self) -> Json:
        """What must be live: all that is wanted, but for what is ignored; local times as UTC."""
        wanted = copy.deepcopy(self.wanted)
        for key, fields in wanted["reports"].items():
            if self.now and (zone := self._zone(key)):
                local = datetime.combine(self.now, time.fromisoformat(fields["send_at"]), ZoneInfo(zone))
                fields["send_at"] = f"{local.astimezone(self.now.tzinfo):%H:%M}"
        for section, ignored in SHELTERED.items():
            for fields in wanted[section].values():
                if "ignore_changes" in fields.pop("lifecycle", {}):
                    fields.pop(ignored, None)
        return wanted

    def _shelter(self) -> None:
        for section, ignored in SHELTERED.items():
            for _, fields in sorted(self.wanted[section].items()):
                luck = self.random.random()
                if luck < 0.1:
                    fields["lifecycle"] = {"prevent_destroy": True}
                elif luck < 0.2 and ignored in fields and not _protected(fields):
                    fields["lifecycle"] = {"ignore_changes": [ignored]}


def in_few_words(wanted: Json, luck: random.Random) -> Json:
    """The same for this environment: some of what has the same fields is one `for_each`, some is said to be in this
    environment only, and some more to be elsewhere."""
    written: Json = json.loads(json.dumps(wanted, ensure_ascii=False).replace("${", "$${"))
    for section in SHELTERED:
        blocks = written[section]
        chosen = sorted(key for key, fields in blocks.items() if "lifecycle" not in fields and luck.random() < 0.5)
        alike = [key for key in chosen if blocks[key].keys() == blocks[chosen[0]].keys()]
        if alike:
            names = [*blocks[alike[0]]]
            items = [{"key": key, **blocks.pop(key)} for key in alike]
            blocks["many"] = {"for_each": {"one": items}, "key": "${each.one}"}
            blocks["many"] |= {name: f"${{each.one.{name}}}" for name in names}
        for _, fields in sorted(blocks.items()):
            if luck.random() < 0.2:
                fields["only_in"] = [HERE]
        blocks["abroad"] = ABROAD[section] | {"only_in": [ELSEWHERE]}
    return written


def _identity(fields: Json) -> tuple[str, ...]:
    return (fields["integration"], fields["target_platform"], fields["title"])


def _protected(fields: Mapping[str, Json]) -> bool:
    return bool(fields.get("lifecycle", {}).get("prevent_destroy"))


def _stands_alone(fields: Json) -> bool:
    """Whether it can be left behind without holding on to an integration that may go."""
    return all(item == {"integration": ANCHOR} for item in fields.get("destinations", ()))
