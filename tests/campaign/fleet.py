"""A world of two to five environments: a project each, and applies of all of them that are killed anywhere."""

from __future__ import annotations

import copy
import json
import os
import random
import signal
import zlib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

from apply.random_worlds import COLLECTIONS, drift, neighbours
from kills.sites import Ended
from world import Json

from reconciler.state.operations import place_journal

from .gate import Blow
from .life import APPLY, EVERYTHING
from .proof import Shown, converged, harmless, nobody_is_twice, only_what_was_shown, others_now, theirs_is_untouched
from .repository import Repository
from .stage import FORK, LONGEST, Stage, Truth, lives, staged
from .tally import Tally
from .team import SHELTERED, Team
from .weather import weather

CALM = (*APPLY, *EVERYTHING, "--allow", "behind")


@dataclass(frozen=True)
class Place(Repository):
    """Where one environment lives: its project below `path`, and the configuration of all beside that."""

    name: str = ""

    @property
    def machine(self) -> Path:
        return self.path.parent / "configuration"

    @property
    def state_file(self) -> Path:
        return self.machine / ".reconciler" / f"{self.name}.json"

    @property
    def journal(self) -> Path:
        return place_journal(self.machine / ".reconciler" / f"{self.name}.journal", self.name, "").path


@dataclass
class Room:
    """An environment, what is known of it, and what people were shown of it."""

    name: str
    stage: Stage
    shown: Shown = field(default_factory=Shown)
    ids: dict[str, str] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    released: set[str] = field(default_factory=set)
    remembers: bool = False


class Fleet:
    """The story of such a world; `tally` counts what it comes through."""

    def __init__(self, seed: int, path: Path, tally: Tally) -> None:
        self._luck = random.Random(f"fleet {seed}")  # noqa: S311 - a world that can be repeated
        self._seed = seed
        self._team = Team(seed)
        self._path = path
        self._tally = tally
        self._rooms: list[Room] = []

    def go(self) -> None:
        """From the first apply to the last."""
        names = [f"e{at}" for at in range(self._luck.randint(2, 5))]
        with ExitStack() as stack:
            for name in names:
                (self._path / name).mkdir()
                stage = stack.enter_context(staged(Place(self._path / name, "folder", name=name), self._seed))
                self._rooms.append(Room(name, stage))
            del os.environ["QONVERSION_API_URL"]
            self._move_in()
            for review in range(2):
                if review:
                    self._review()
                self._write()
                for _ in range(self._luck.randint(1, 4)):
                    self._round()
                self._settle()
        self._tally.events["worlds"] += 1
        self._tally.events["environments"] += len(self._rooms)

    @property
    def _folder(self) -> Path:
        return self._path / "configuration"

    def _move_in(self) -> None:
        self._folder.mkdir()
        lines = [f"  {each.name}: {{api_url: '{each.stage.url}'}}" for each in self._rooms]
        (self._folder / "reconciler.yaml").write_text("\n".join(["environments:", *lines, ""]), encoding="utf-8")
        for each in self._rooms:
            others = copy.deepcopy(self._team)
            others.names += 10_000
            neighbours(others, each.stage)

    def _review(self) -> None:
        """What changes between two times, here and in each dashboard."""
        for each in self._rooms:
            others = copy.deepcopy(self._team)
            others.names += 20_000
            drift(others, each.stage, each.ids)
        self._team.edit()
        self._team.repent()
        for each in self._rooms:
            each.shown = Shown()
            entries = each.stage.site.state()["resources"]
            gone = (item["from"] for item in self._team.wanted["removed"])
            each.released |= {entries[address]["id"] for address in gone if address in entries}

    def _write(self) -> None:
        """Some reports and automations are in some of the environments only."""
        wanted = copy.deepcopy(self._team.wanted)
        for section in SHELTERED:
            for key, fields in wanted[section].items():
                if names := self._only_in(key):
                    fields["only_in"] = names
        text = json.dumps(wanted, ensure_ascii=False).replace("${", "$${")
        (self._folder / "main.yaml").write_text(text, encoding="utf-8")

    def _only_in(self, key: str) -> list[str]:
        luck = random.Random(zlib.crc32(key.removesuffix("-moved").encode()))  # noqa: S311 - the same for a key, whatever else is written
        return luck.sample([each.name for each in self._rooms], 1 + luck.randrange(2)) if luck.random() < 0.3 else []

    def _round(self) -> None:
        """One try, with what happens to it."""
        luck = self._luck
        for each in self._rooms:
            rules = weather(luck, crowded=False, remembered=each.remembers)
            each.stage.weather(rules if luck.random() < 0.6 else [], lag=False)
        options = ("--parallelism", luck.choice(["1", "4"]), *(["--keep-going"] * (luck.random() < 0.5)))
        chosen = luck.choice([("--all",), ("--all",), ("-e", "e[01]"), ("-e", "e1", "-e", "e0")])
        saved = str(self._folder / "plan.json")
        if luck.random() < 0.2:
            self._braves("plan", *chosen, *EVERYTHING, "--format", "json", "--out", saved)
            if Path(saved).exists():
                self._braves("apply", *APPLY, *options, "--plan", saved)
                Path(saved).unlink()
        else:
            self._braves("apply", *chosen, *APPLY, *options, *EVERYTHING)
        for each in self._rooms:
            self._tally.fired(each.stage.faults.report()["rules"])

    def _braves(self, command: str, *arguments: str) -> None:
        """A command that is struck, perhaps, at a request to one of the environments."""
        luck, before = self._luck, self._truths()
        struck = luck.choice(self._rooms)
        blow = None
        if luck.random() < 0.6:
            at, most = luck.choice([("request", 20), ("write", 8), ("write", 4)])
            how = luck.choice([signal.SIGKILL] * 5 + [signal.SIGINT, signal.SIGTERM])
            blow = Blow(at, luck.randint(1, most), luck.choice(["before", "after"]), how)
        report = self._path / "shown.json"
        report.unlink(missing_ok=True)
        words = [command, str(self._folder), *arguments, "--report", f"json={report}"]
        ended = self._fork(words, struck, blow)
        killed = ended.code == -signal.SIGKILL
        self._tally.codes[ended.code] += 1
        self._tally.events["commands"] += 1
        self._tally.events["kills"] += killed
        self._judge(ended, before, report, killed=killed)

    def _fork(self, words: list[str], struck: Room, blow: Blow | None) -> Ended:
        out, err = self._path / "out", self._path / "err"
        for each in self._rooms:
            each.stage.removed.clear()
            each.stage.gate.arm({}, blow if each is struck else None)
        process = FORK.Process(target=lives, args=(words, out, err, None))
        process.start()
        assert process.pid is not None
        for each in self._rooms:
            each.stage.gate.aim(process.pid)
        process.join(LONGEST)
        if process.exitcode is None:
            os.kill(process.pid, signal.SIGABRT)
            process.join(LONGEST)
            raise AssertionError(f"it hangs ({process.exitcode}): {err.read_text(encoding='utf-8')}")
        for each in self._rooms:
            each.stage.settle()
        return Ended(process.exitcode, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8"))

    def _truths(self) -> dict[str, Truth]:
        return {each.name: each.stage.truth() for each in self._rooms}

    def _judge(self, ended: Ended, before: dict[str, Truth], report: Path, *, killed: bool) -> None:
        harmless(self._rooms[0].stage, ended, killed=killed)
        text = report.read_text(encoding="utf-8") if report.exists() else "{}"
        document: Json = json.loads(text) if text.endswith("}\n") else {}
        plans = {each["environment"]: each for each in document.get("environments", [document]) if "changes" in each}
        for each in self._rooms:
            if each.name in plans:
                each.shown.document(json.dumps(plans[each.name]))
            after, requests, earlier = each.stage.truth(), each.stage.requests(), before[each.name]
            self._tally.events["requests"] += len(requests)
            known = {object_id for records in earlier.values() for object_id in records}
            new = {object_id for records in after.values() for object_id in records} - known
            each.made |= new - set(each.stage.others)
            removed = each.stage.removed
            only_what_was_shown(requests, each.shown, before=earlier, after=after, made=each.made, removed=removed)
            nobody_is_twice(after, each.stage.others)

    def _settle(self) -> None:
        """The faults have stopped: one apply of all does the rest, and all is true in each of them."""
        before = self._truths()
        for each in self._rooms:
            each.stage.calm_down()
        report = self._path / "shown.json"
        report.unlink(missing_ok=True)
        done = self._fork(
            ["apply", str(self._folder), "--all", *CALM, "--report", f"json={report}"], self._rooms[0], None
        )
        self._judge(done, before, report, killed=False)
        assert done.code == 0, done.out + done.err
        for each in self._rooms:
            self._prove(each)

    def _prove(self, room: Room) -> None:
        stage = room.stage
        left = self._fork(
            ["plan", str(self._folder), "-e", room.name, "--detailed-exitcode", "--format", "json"], room, None
        )
        room.ids = converged(stage, self._wanted(room), left)
        room.remembers = True
        truth, managed = stage.truth(), set(room.ids.values())
        theirs_is_untouched(truth, stage.others, managed, 0)
        orphans = set(truth["report"]) - managed - set(stage.others)
        stage.others = others_now(truth, managed, stage.others, room.released)
        for orphan in orphans:
            stage.remove(COLLECTIONS["report"], orphan)
        stage.requests()

    def _wanted(self, room: Room) -> Team:
        """What the team wants of one environment."""
        wanted, visible = copy.deepcopy(self._team.wanted), self._team.visible()
        for each in (wanted, visible):
            for section in SHELTERED:
                for key in sorted(each[section]):
                    names: Sequence[str] = self._only_in(key)
                    if names and room.name not in names:
                        del each[section][key]
        return SimpleNamespace(wanted=wanted, visible=lambda: visible)  # type: ignore[return-value]
