"""octoDNS on the benchmark's server: a TXT record is an automation, its value the caption. For octoDNS's own venv."""

from __future__ import annotations

import logging
from typing import Any

import requests
from octodns.provider.base import BaseProvider
from octodns.record import Record


class BenchProvider(BaseProvider):
    """Reads a list in pages of 100, and writes one record after the other, as octoDNS's providers do."""

    SUPPORTS_GEO = False
    SUPPORTS_DYNAMIC = False
    SUPPORTS = frozenset({"TXT"})

    def __init__(self, id: str, url: str, **rest: Any) -> None:  # noqa: A002 - octoDNS's name
        self.log = logging.getLogger(f"BenchProvider[{id}]")
        super().__init__(id, **rest)
        self._url = url
        self._session = requests.Session()
        self._ids: dict[str, str] = {}

    def list_zones(self) -> list[str]:
        """The only zone."""
        return ["bench.test."]

    def populate(self, zone: Any, target: bool = False, lenient: bool = False) -> bool:
        """Adds what is live to a zone; whether there is anything."""
        query: dict[str, Any] = {"limit": 100}
        while True:
            page = self._session.get(f"{self._url}/automations", params=query).json()
            for each in page["data"]:
                self._ids[each["name"]] = each["id"]
                data = {"type": "TXT", "ttl": 300, "value": each["caption"]}
                zone.add_record(Record.new(zone, each["name"], data, source=self, lenient=lenient), lenient=lenient)
            if not page["has_more"]:
                return bool(self._ids)
            query["starting_after"] = page["data"][-1]["id"]

    def _apply(self, plan: Any) -> None:
        for change in plan.changes:
            name = change.record.name
            body = {"name": name, "caption": change.new.values[0], "status": "active", "data": {"actions": {}}}
            if name in self._ids:
                self._session.put(f"{self._url}/automations/{self._ids[name]}", json=body).raise_for_status()
            else:
                self._session.post(f"{self._url}/automations", json=body).raise_for_status()
