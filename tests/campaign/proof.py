"""What must be true, whatever happened: while it happens, and once it has ended."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from apply.as_wanted import as_wanted
from apply.random_worlds import COLLECTIONS, SECTIONS
from kills.sites import Ended
from world import Json

from reconciler.errors import Exit
from reconciler.simulator.effects import normalise_value

from .stage import Stage, Truth
from .team import Team

SECRET = "sk_never_to_be_seen_9d1f"
CODES = {*Exit} - {Exit.INVALID, Exit.USAGE}
"""The table's, without what would be the fault of the configuration and of the one who calls."""
NAMES = {
    "integration": ("integration", "title", "target_platform"),
    "report": ("report_name", "environment"),
    "automation": ("name",),
}
SWALLOWED = re.compile(r"^Exception ignored in: .*\nTraceback .*\n(?:  .*\n)+KeyboardInterrupt.*\n", re.MULTILINE)
"""What Python itself says where Ctrl-C comes in a place that cannot raise: then it is as if it had not come."""
WORKER = ("active", "last_error_at", "last_error_message", "delivery_error_count", "updated_at")
"""What the delivery worker may change of an integration, whosever it is."""
SUCCESSOR = re.compile(r"the new one stands already: (\S+)")
"""What a replace takes as its new object: a note names it."""
ADDED = "Added meanwhile"
"""What a shifting list is named like."""


class Shown:
    """What people were shown since the configuration was last edited: ids that may be written to, ids that may go."""

    def __init__(self) -> None:
        self.touched: set[str] = set()
        self.doomed: set[str] = set()

    def document(self, text: str) -> None:
        """A plan as programs see it; nothing if none was made."""
        for change in json.loads(text)["changes"] if text else ():
            self._take(change["action"], change["id"])
            self.touched.update(SUCCESSOR.findall(" ".join(change["notes"])))

    def _take(self, action: str, object_id: str | None) -> None:
        if object_id:
            self.touched.add(object_id)
            if action in ("delete", "replace"):
                self.doomed.add(object_id)


def harmless(stage: Stage, ended: Ended, *, killed: bool) -> None:
    """The exit code is of the table, nothing broke in our own code, the key is nowhere."""
    assert (ended.code == -9) == killed, f"exit code {ended.code}, killed: {killed}: {ended.err}"
    assert killed or ended.code in CODES, f"exit code {ended.code}: {ended.err}"
    for text in (ended.out, ended.err):
        assert "Traceback" not in SWALLOWED.sub("", text), text
        assert "fault in reconciler" not in text, text
    assert SECRET not in ended.out + ended.err + stage.written(), "the key is to be seen"


def only_what_was_shown(
    requests: list[Json], shown: Shown, *, before: Truth, after: Truth, made: set[str], removed: set[str]
) -> None:
    """Writes go to what a shown plan names or what the tool itself has `made`; what has gone was shown to go, `removed`
    by somebody, or shifted out of a list."""
    shifts = 0
    for each in requests:
        target = _written(each)
        shifts += "shift remove" in each.get("fault", "")
        if target is not None:
            assert target in shown.touched | made, f"nobody was shown: {each['method']} {each['path']}"
            if each["method"] == "DELETE":
                assert target in shown.doomed, f"nobody was shown: DELETE {each['path']}"
    asked = {_written(each) for each in requests if each["method"] == "DELETE"}
    lost = _ids(before) - _ids(after) - removed - asked
    assert len(lost) <= shifts, f"gone, and nobody knows how: {lost}"


def _ids(truth: Truth) -> set[str]:
    return {object_id for records in truth.values() for object_id in records}


def _written(request: Json) -> str | None:
    parts = request["path"].strip("/").split("/")
    return parts[1] if request["method"] != "GET" and len(parts) > 1 else None


def nobody_is_twice(truth: Truth, others: Mapping[str, Json]) -> None:
    """No two objects of the team's bear one name."""
    for kind, names in NAMES.items():
        ours = [record for object_id, record in truth[kind].items() if object_id not in others]
        keys = Counter(tuple(record[name] for name in names) for record in ours)
        twice = [key for key, count in keys.items() if count > 1]
        assert not twice, f"{kind} twice: {twice}"


def theirs_is_untouched(truth: Truth, others: Mapping[str, Json], managed: set[str], shifts: int) -> None:
    """What is unmanaged is as its people left it."""
    live = {object_id: record for records in truth.values() for object_id, record in records.items()}
    gone = [object_id for object_id in others if object_id not in live]
    assert len(gone) <= shifts, f"gone, and not the team's: {gone}"
    for object_id, record in others.items():
        if object_id in live and object_id not in managed:
            assert _settled(live[object_id]) == _settled(record), f"{object_id} is not the team's"


def _settled(record: Json) -> Json:
    return {name: value for name, value in record.items() if "title" not in record or name not in WORKER}


def converged(stage: Stage, team: Team, left: Ended) -> dict[str, str]:
    """Nothing is left to do but what only a person can; live is as wanted and the state knows it. Gives its ids."""
    document: dict[str, Any] = json.loads(left.out)
    actions = {each["address"]: each["action"] for each in document["changes"]}
    stuck = {
        f"integration.{key}" for key, each in team.wanted["integrations"].items() if "replace" not in _lifecycle(each)
    }
    assert set(actions.values()) <= {"manual"}, f"a second plan is not empty: {actions}"
    assert set(actions) <= stuck, f"a person is asked for what the tool can do: {actions}"
    assert left.code == (2 if actions else 0)
    assert "cut off" not in left.out + left.err
    assert not stage.site.journal.exists()
    assert not stage.site.locked()
    resources = stage.site.state()["resources"]
    assert not [address for address, each in resources.items() if each.get("superseded")]
    ids = {address: str(each["id"]) for address, each in resources.items()}
    # What people made in the dashboard is kept as they wrote it.
    live = {kind: stored(records, stage.ways) for kind, records in stage.truth().items()}
    wanted = team.visible()
    wanted |= {section: stored(wanted[section], stage.ways) for section in SECTIONS}
    as_wanted(wanted, set(actions), ids, live)
    return ids


def stored(resources: Mapping[str, Json], ways: Collection[str]) -> dict[str, Json]:
    """What an API that normalises makes of resources, or of records, by their names."""
    made = dict(resources)
    for way in ways:
        made = {name: normalise_value(way, fields) for name, fields in made.items()}
    return made


def _lifecycle(fields: Json) -> Json:
    return dict(fields.get("lifecycle", {}))


def others_now(truth: Truth, managed: set[str], others: Mapping[str, Json], released: set[str]) -> dict[str, Json]:
    """Who is nobody's by now: all that is live and not managed, which must be for a reason."""
    live = {object_id: record for kind in COLLECTIONS for object_id, record in truth[kind].items()}
    left = {object_id: record for object_id, record in live.items() if object_id not in managed}
    made = set(left) - set(others) - released
    assert not made, f"made, and forgotten: {[left[each] for each in sorted(made)]}"
    return left
