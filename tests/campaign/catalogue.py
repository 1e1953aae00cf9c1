"""A world of seven kinds, in a random reading of what the documents leave open, with applies that are killed."""

from __future__ import annotations

import json
import random
import signal
from collections import Counter
from collections.abc import Mapping

from kills.sites import Ended
from kinds.test_random import ALLOWED, CLOSED, FIXED, configuration
from world import Json, World, automation, integration, report

from reconciler.simulator.store import ASSUMPTIONS

from .gate import Blow
from .life import APPLY, EVERYTHING
from .proof import WORKER, harmless
from .stage import Stage
from .tally import Tally
from .weather import weather

COLLECTIONS = (
    *("integrations", "scheduled-reports", "automations"),
    *("segments", "remote-configurations", "entitlements", "products"),
)
# Left open here, since an apply in the right order comes through: what is used is not deleted, what is missing not used
OPEN = ("unknown-product", "delete-in-use")
CONFIGS = "remote-configurations"
PATHS = ("segments", CONFIGS, "entitlements", "products")
ANYWAY = (*EVERYTHING, "--allow", "empty-configuration")
Records = dict[str, Json]


class Catalogue:
    """The story of such a world; `tally` counts what it comes through."""

    def __init__(self, seed: int, stage: Stage, tally: Tally) -> None:
        self._luck = random.Random(f"catalogue {seed}")  # noqa: S311 - a world that can be repeated
        self._stage = stage
        self._tally = tally
        self._others: Records = {}

    def go(self) -> None:
        """From the first apply to the last."""
        luck, stage = self._luck, self._stage
        left = {name: answer for name, answer in FIXED.items() if name not in OPEN}
        reading = {name: luck.choice([*answers]) for name, (answers, _) in ASSUMPTIONS.items()} | left
        stage._send("PUT", "/_dashboard/assumptions", reading)
        self._move_in()
        for turn in range(3):
            wanted = self._write(turn)
            for _ in range(luck.randint(1, 4)):
                self._round()
            self._settle(wanted)
        self._tally.events["worlds"] += 1
        self._tally.events |= Counter({f"{name} {reading[name]}": 1 for name in ("segments-list", "archived-configs")})

    def _move_in(self) -> None:
        """What others have, and the vendor: some of it named as the team's."""
        made: dict[str, list[Json]] = {
            "integrations": [integration("Others")],
            "scheduled-reports": [report("Others", "m")],
            "automations": [automation("Others")],
            "segments": [{"name": "Others"}, {"id": "vendors", "name": "S 0", "is_system": True}],
            CONFIGS: [
                {"name": "Others", "status": "active", "context_key": "k0", "payload": {"a": 1}},
                {"name": "C 0", "status": "archived", "payload": {"a": 2}},
            ],
            "products": [{"id": "others", "type": "consumable"}],
            "entitlements": [{"id": "others", "product_ids": ["others"]}],
        }
        ids = {World.insert(self._stage, name, **fields) for name, rows in made.items() for fields in rows}
        self._others = {object_id: each for object_id, each in self._truth().items() if object_id.split("/")[1] in ids}
        assert len(self._others) == sum(map(len, made.values()))

    def _truth(self) -> Records:
        """COLLECTION/id → record, whatever the API would show of it just now."""
        with self._stage._store.transaction("production", write=False) as shelf:
            return {f"{name}/{each['id']}": each for name in COLLECTIONS for each in shelf.page(name)}

    def _write(self, turn: int) -> Json:
        luck, wanted = self._luck, configuration(self._luck, turn)
        hooks = {f"h{at}": {"title": f"H {at}", "integration": "webhooks", "target_platform": "iOS"} for at in range(2)}
        daily = {"included_range_days": luck.choice([1, 3, 7]), "status": "active", "environment": "production"}
        wanted["integrations"] = hooks
        wanted["reports"] = {
            f"r{at}": {"report_name": f"R {at}", "send_at": "07:00", **daily, "destinations": [{"integration": "h0"}]}
            for at in range(luck.randrange(3))
        }
        (self._stage.folder / "main.yaml").write_text(json.dumps(wanted), encoding="utf-8")
        return wanted

    def _round(self) -> None:
        """One try, with what happens to it."""
        luck, stage = self._luck, self._stage
        stage.weather(weather(luck, crowded=False, remembered=False) if luck.random() < 0.6 else [], lag=False)
        blow = None
        if luck.random() < 0.6:
            at, most = luck.choice([("request", 30), ("write", 20), ("write", 6), ("fsync", 8)])
            how = luck.choice([signal.SIGKILL] * 5 + [signal.SIGINT, signal.SIGTERM])
            blow = Blow(at, luck.randint(1, most), luck.choice(["before", "after"]), how)
        allowed = [each for each in ALLOWED if luck.random() < 0.6]
        options = ("--parallelism", luck.choice(["1", "4"]))
        before = self._truth()
        ended = stage.braves("apply", *APPLY, *ANYWAY, *options, *allowed, moves={}, blow=blow)
        self._tally.fired(stage.faults.report()["rules"])
        self._judge(ended, before, allowed)

    def _judge(self, ended: Ended, before: Records, allowed: list[str]) -> None:
        killed = ended.code == -signal.SIGKILL
        self._tally.codes[ended.code] += 1
        self._tally.events["commands"] += 1
        self._tally.events["kills"] += killed
        requests = self._stage.requests()
        self._tally.events["requests"] += len(requests)
        harmless(self._stage, ended, killed=killed)
        truth = self._truth()
        for name, record in self._others.items():
            assert _settled(truth.get(name, {})) == _settled(record), f"{name} is not the team's"
        writes = [each for each in requests if each["method"] != "GET"]
        assert not [each for each in writes if "/vendors" in each["path"]], "a row of the vendor was written to"
        closed = {path for path, kind in zip(PATHS, CLOSED, strict=True) if f"--allow=delete:{kind}" not in allowed}
        for each in writes:
            collection = each["path"].split("/")[1]
            is_end = each["method"] == "DELETE" or "archived" in str(each["body"])
            assert not (each["method"] == "DELETE" and collection == CONFIGS), "a remote configuration was deleted"
            assert not (is_end and collection in closed), f"closed: {each['method']} {each['path']}"
        for name in before.keys() - truth.keys():
            assert name.split("/")[0] not in closed, f"closed, and gone: {name}"
        _active_last(writes)
        names = Counter(
            (name.split("/")[0], each["name"])
            for name, each in truth.items()
            if name not in self._others and "name" in each and each.get("status") != "archived"
        )
        assert not [name for name, count in names.items() if count > 1], f"twice: {names}"

    def _settle(self, wanted: Json) -> None:
        """The faults have stopped: one apply does the rest, and nothing is left to do."""
        stage, before = self._stage, self._truth()
        stage.calm_down()
        done = stage.braves("apply", *APPLY, *ANYWAY, *ALLOWED, moves={}, blow=None)
        self._judge(done, before, ALLOWED)
        assert done.code == 0, done.out + done.err
        left = stage.calm("plan", "--detailed-exitcode", "--format", "json")
        assert left.code == 0, left.out + left.err
        assert json.loads(left.out)["changes"] == []
        stage.requests()
        names = {
            "segments": "segments",
            "remote_configs": CONFIGS,
            "products": "products",
            "entitlements": "entitlements",
        }
        truth = {name: each for name, each in self._truth().items() if name not in self._others}
        for section, collection in names.items():
            live = [
                str(each.get("name", each["id"]))
                for name, each in truth.items()
                if name.startswith(f"{collection}/") and each.get("status") != "archived"
            ]
            ours = [str(each.get("name", each.get("id", key))) for key, each in wanted[section].items()]
            assert sorted(live) == sorted(ours), f"{section}: {live}, wanted {ours}"


def _settled(record: Mapping[str, object]) -> Json:
    return {name: value for name, value in record.items() if "title" not in record or name not in WORKER}


def _active_last(writes: list[Json]) -> None:
    """Nothing of a remote configuration is written after it was activated within one run."""
    active: set[str] = set()
    for each in writes:
        _, collection, *rest = each["path"].split("/")
        if collection == CONFIGS and rest:
            assert rest[0] not in active, f"written after it was activated: {each['path']}"
            if rest[1:] == ["status"] and each["body"].get("status") == "active" and each["status"] == 200:
                active.add(rest[0])
