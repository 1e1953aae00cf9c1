"""The story of one world: successive configurations, each applied under faults, kills and a hand, until it is calm."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from datetime import datetime

from apply.random_worlds import ANCHOR, COLLECTIONS, SECTIONS, drift, neighbours
from kills.sites import Ended

from reconciler.errors import Exit

from .gate import Blow
from .proof import (
    ADDED,
    Shown,
    converged,
    harmless,
    nobody_is_twice,
    only_what_was_shown,
    others_now,
    theirs_is_untouched,
)
from .stage import Stage, Truth
from .tally import Tally
from .team import HERE, Team
from .weather import short_lists, weather

APPLY = ("--auto-approve",)
MANY = ("--max-deletes", "99")
EVERYTHING = (*MANY, "--allow", "vanished")
CROWD = 105
"""More than one page of a list holds."""
WAYS = ((), (), (), (), ("trim",), ("nfc",), ("trim", "nfc"), ("sort", "defaults"), ("drop",), ("round", "nfc", "sort"))
"""What the API of a world makes of each value. Not `lower`: no name in another case is found without a state."""


CLOCK = "RECONCILER_NOW"
SEASONS = (
    ("2027-03-28", "2027-04-12T12:10Z"),
    ("2027-10-31", "2027-11-15T12:10Z"),
    ("2028-03-12", "2028-04-10T12:10Z"),
)
"""For each review a day on which clocks change, and a moment after which none does for long."""
EARLIER = "09:05"
"""Three hours before that moment: a change that has to wait at one of the two does not at the other."""
HOURS = ("00:40", "05:40", "06:50", "07:20", "08:20", "13:05", "20:50")


class Life:
    """One world on its stage; `tally` counts what it comes through.

    `lag`: what a killed run has made may not show yet when the next one begins, as if no time had passed.
    """

    def __init__(self, seed: int, stage: Stage, tally: Tally, *, lag: bool) -> None:
        self._luck = random.Random(f"life {seed}")  # noqa: S311 - a world that can be repeated
        self._team = Team(seed)
        self._stage = stage
        self._lag = lag
        self._tally = tally
        self._ids: dict[str, str] = {}
        self._made: set[str] = set()
        self._released: set[str] = set()
        self._shifts = 0
        self._remembers = False
        self._crowded = self._luck.random() < 0.1
        self._shown = Shown()
        self._commits: list[str] = []
        self._neighbours: frozenset[str] = frozenset()
        self._has_clock = self._luck.random() < 0.4

    def go(self) -> None:
        """From the first apply to the last."""
        try:
            self._live()
        finally:
            os.environ.pop(CLOCK, None)

    def _live(self) -> None:
        self._stage.ways = self._luck.choice(WAYS)
        self._stage.calm_down()
        self._neighbours = self._move_in()
        neighbours(self._team, self._stage)
        if self._crowded:
            self._crowd()
        for review in range(self._luck.randint(2, 3)):
            self._shown = Shown()
            self._turn(review, "00:10")
            if review:
                self._review()
            self._write()
            if review:
                self._lists_are_short()
            hours = sorted(self._luck.choices(HOURS, k=self._luck.randint(2, 4)))
            for hour in hours:
                self._turn(review, hour)
                self._round()
            if self._has_clock:
                self._turn(review, EARLIER)
                self._catches_up()
            self._turn(review)
            self._settles()
            self._neighbours_are_settled()
            self._an_old_checkout_does_nothing()
        self._tally.events["worlds"] += 1
        self._tally.events["worlds that normalise"] += bool(self._stage.ways)
        self._tally.events["worlds with local times"] += self._has_clock

    def _turn(self, review: int, hour: str = "") -> None:
        """Sets the clock: to an hour of the day of this review's change, or to when that is over."""
        if self._has_clock:
            day, after = SEASONS[review]
            day = after.partition("T")[0] if hour == EARLIER else day
            os.environ[CLOCK] = f"{day}T{hour}Z" if hour else after
            self._team.now = datetime.fromisoformat(after)

    def _write(self) -> None:
        """Writes the configuration, and commits it: another commit than any before."""
        self._team.write(self._stage)
        self._stage.site.commit()
        self._commits.append(self._stage.site.head())

    def _move_in(self) -> frozenset[str]:
        """The other configuration of the repository is applied: gives its objects, which are not the team's."""
        stage = self._stage
        done = stage.called("apply", str(stage.site.neighbours), *APPLY)
        assert done.code == 0, done.err
        for kind, records in stage.truth().items():
            for object_id in records:
                stage.theirs(COLLECTIONS[kind], object_id)
        stage.requests()
        return frozenset(stage.others)

    def _neighbours_are_settled(self) -> None:
        """Whatever the team did, the other configuration has nothing to do, and a look by its people writes nothing."""
        stage = self._stage
        left = stage.called("plan", str(stage.site.neighbours), "--detailed-exitcode")
        # A list that shifts loses an object for good, whosever it is.
        assert left.code == 0 or self._shifts, left.out + left.err
        stage.requests()

    def _lists_are_short(self) -> None:
        """An apply on top of a state that knows all, from lists that do not show all: it makes nothing twice and
        deletes nothing that it does not know to be wanted gone; most of the time it is refused."""
        known = [address for address in self._ids if address.startswith("integration.")]
        rules = [each for each in short_lists(self._luck) if len(known) > 1 or "/integrations" not in each]
        self._stage.weather(rules, lag=False)
        before = self._stage.truth()
        self._stage.removed.clear()
        done = self._stage.calm("apply", *self._applying(), *MANY)
        self._tally.codes[done.code] += 1
        self._tally.events["short lists"] += 1
        self._judge("apply", done, before, killed=False)
        self._tally.fired(self._stage.faults.report()["rules"])
        self._stage.calm_down()

    def _an_old_checkout_does_nothing(self) -> None:
        """An apply of an earlier commit, after a later one was applied: it is refused, or has nothing to write."""
        if not self._stage.site.is_repository or len(self._commits) < 2:
            return
        stage = self._stage
        with stage.site.at(self._luck.choice(self._commits[:-1])):
            done = stage.calm("apply", *APPLY, *EVERYTHING)
        # An id that it takes in and that has gone since is told as a mistake of the configuration.
        assert done.code in (Exit.DONE, Exit.INVALID, Exit.REFUSED), done.err
        writes = [f"{each['method']} {each['path']}" for each in stage.requests() if each["method"] != "GET"]
        assert not writes, f"an old checkout wrote: {writes}"
        self._tally.events["old checkouts"] += 1

    def _crowd(self) -> None:
        """More of other people's than one page of a list holds."""
        team, stage = self._team, self._stage
        many = self._luck.choice(["scheduled-reports", "automations"])
        team.raw.append(stage.insert("integrations", title=team.name(), integration="slack", target_platform="iOS"))
        targets = {"destinations": [{"type": "target_integration", "id": team.raw[-1]}]}
        for _ in range(CROWD):
            fields = team.automation() if many == "automations" else {**team.report(), **targets}
            stage.insert(many, **fields)

    def _review(self) -> None:
        """What changes between two times: the dashboard, the configuration, what is taken in and let go."""
        drift(self._team, self._stage, self._ids)
        self._team.edit()
        entries = self._stage.site.state()["resources"]
        live = {object_id for records in self._stage.truth().values() for object_id in records}
        dared = [address for address in self._team.dared if self._ids.get(address) in live]
        if dared:
            self._write()
            refused = self._stage.calm("plan", *EVERYTHING)
            assert refused.code == 5, refused.err
            assert all(f"{address} is protected by prevent_destroy" in refused.err for address in dared), refused.err
            self._tally.events["refusals"] += 1
        self._team.repent()
        self._released |= {entries[item["from"]]["id"] for item in self._team.wanted["removed"]}
        for kind in ("report", "automation"):
            strangers = sorted(set(self._stage.truth()[kind]) & set(self._stage.others) - self._neighbours)
            if strangers and self._luck.random() < 0.3:
                self._team.take_in(kind, self._luck.choice(strangers))

    def _round(self) -> None:
        """One try, with what happens to it."""
        if self._luck.random() < 0.1:
            self._lose(self._luck.choice(["state", "journal"]))
        self._unlock()
        # What is taken in by its id must not go meanwhile: that would be a mistake of the configuration
        crowded = self._crowded and not self._team.wanted.get("imports")
        rules = weather(self._luck, crowded=crowded, remembered=self._remembers)
        self._stage.weather(rules, lag=self._lag)
        width = self._luck.choice(["1", "1", "1", "4"])
        options = (*self._applying(), "--parallelism", width, *(["--debug"] * (self._luck.random() < 0.2)))
        if self._luck.random() < 0.2:
            file = str(self._stage.folder / "plan.json")
            planned = self._braves("plan", *EVERYTHING, "--format", "json", "--out", file)
            if planned.code == 0:
                self._tally.events["saved plans"] += 1
                self._braves("apply", *options, "--plan", file)
        elif self._has_clock and self._luck.random() < 0.3:
            self._braves("apply", *options, "--only", "clock")
        else:
            self._braves("apply", *options, *EVERYTHING)
        self._tally.fired(self._stage.faults.report()["rules"])

    def _braves(self, *words: str) -> Ended:
        stage, before = self._stage, self._stage.truth()
        stage.removed.clear()
        blow = self._blow()
        ended = stage.braves(*words, moves=self._moves(), blow=blow)
        killed = ended.code == -signal.SIGKILL
        self._tally.codes[ended.code] += 1
        self._tally.events["commands"] += 1
        self._tally.events["kills"] += killed
        self._tally.events["interrupts"] += stage.gate.struck and not killed
        self._judge(words[0], ended, before, killed=killed)
        return ended

    def _judge(self, command: str, ended: Ended, before: Truth, *, killed: bool) -> None:
        stage = self._stage
        harmless(stage, ended, killed=killed)
        if command == "apply":
            # Written before the first write; text says of changes that are alike the addresses, and no ids.
            self._shown.document(stage.shown.read_text(encoding="utf-8") if stage.shown.exists() else "")
        elif ended.code == 0:
            self._shown.document(ended.out)
        after, requests = stage.truth(), stage.requests()
        self._tally.events["requests"] += len(requests)
        self._shifts += sum("shift remove" in each.get("fault", "") for each in requests)
        for records in after.values():
            for object_id, record in records.items():
                if ADDED in (record.get("report_name"), record.get("name")):
                    stage.others.setdefault(object_id, record)
        known = {object_id for records in before.values() for object_id in records}
        self._made |= {each for records in after.values() for each in records if each not in known} - set(stage.others)
        only_what_was_shown(requests, self._shown, before=before, after=after, made=self._made, removed=stage.removed)
        nobody_is_twice(after, stage.others)

    def _applying(self) -> tuple[str, ...]:
        """The options of an apply that also writes what it is going to do into a file."""
        self._stage.shown.unlink(missing_ok=True)
        return (*APPLY, "--report", f"json={self._stage.shown}")

    def _blow(self) -> Blow | None:
        luck, size = self._luck, sum(len(self._team.wanted[each]) for each in SECTIONS)
        if luck.random() < 0.25:
            return None
        if luck.random() < 0.3:
            return Blow("fsync", luck.randint(1, 4 + 2 * size))
        at, most = luck.choice([("request", 8 + 2 * size), ("write", 2 + size), ("write", 4)])
        how = luck.choice([signal.SIGKILL] * 8 + [signal.SIGINT, signal.SIGTERM])
        return Blow(at, luck.randint(1, most), luck.choice(["before", "after"]), how)

    def _moves(self) -> dict[int, Callable[[], None]]:
        """When somebody does something in the dashboard, and what."""
        return {self._luck.randint(1, 30): self._move() for _ in range(self._luck.choice([0, 0, 1, 2, 3]))}

    def _move(self) -> Callable[[], None]:
        """Somebody makes an object, or changes or removes some of theirs, or of the team's."""
        team, stage, luck = self._team, self._stage, random.Random(self._luck.random())  # noqa: S311
        taken = {item["id"] for item in team.wanted.get("imports", ())}
        anchor = f"integration.{ANCHOR}"
        some = {address: each for address, each in self._ids.items() if each not in taken and luck.random() < 0.5}

        def happens() -> None:
            self._tally.events["edits"] += 1
            deed = luck.random()
            if deed < 0.2 or not self._ids:
                stage.insert("automations", **team.automation())
            elif deed < 0.4:
                targets = [{"type": "target_integration", "id": self._ids[anchor]}]
                stage.insert("scheduled-reports", **{**team.report(), "destinations": targets})
            elif deed < 0.8:
                # An object that a lost state does not know any more could get the name of the one made in its place.
                known = {address: each for address, each in some.items() if each not in self._released}
                drift(team, stage, {anchor: self._ids[anchor], **known})
            else:
                theirs = sorted(set(stage.truth()["automation"]) & set(stage.others) - taken - self._neighbours)
                if theirs and deed < 0.9:
                    stage.edit("automations", luck.choice(theirs), caption=team.name())
                elif theirs:
                    stage.remove("automations", luck.choice(theirs))

        return happens

    def _lose(self, what: str) -> None:
        self._tally.events[f"lost: {what}"] += 1
        # What nobody remembers cannot be asked for, so a list that lies about it is believed.
        self._remembers = False
        self._stage.lose(what)
        if what == "state":
            live = {object_id for records in self._stage.truth().values() for object_id in records}
            self._released |= live - set(self._stage.others)

    def _unlock(self) -> None:
        """A lock that a killed run has left is broken as its refusal says."""
        if self._stage.site.locked():
            refused = self._stage.calm("apply", *APPLY)
            assert refused.code == 5, refused.err
            unlocked = self._stage.called(
                "state", "unlock", refused.run_to_unlock(), str(self._stage.folder), "-e", HERE
            )
            assert unlocked.code == 0, unlocked.err
            self._tally.events["locks broken"] += 1

    def _catches_up(self) -> None:
        """An apply to which nothing happens."""
        stage = self._stage
        stage.calm_down()
        self._unlock()
        before = stage.truth()
        stage.removed.clear()
        # A run that was cut off leaves a receipt; with its journal lost, the state looks like one brought back.
        done = stage.calm("apply", *self._applying(), *EVERYTHING, "--allow", "behind")
        self._judge("apply", done, before, killed=False)
        assert done.code == 0, done.out + done.err

    def _settles(self) -> None:
        """The faults have stopped: one apply does the rest, and all is true."""
        self._catches_up()
        stage = self._stage
        left = stage.calm("plan", "--detailed-exitcode", "--format", "json")
        self._ids = converged(stage, self._team, left)
        self._remembers = True
        truth, managed = stage.truth(), set(self._ids.values())
        theirs_is_untouched(truth, stage.others, managed, self._shifts)
        orphans = set(truth["report"]) - managed - set(stage.others)
        stage.others = others_now(truth, managed, stage.others, self._released)
        for orphan in orphans - self._neighbours:
            # It may hold on to an integration that is to go one day, which the API would refuse then
            stage.remove(COLLECTIONS["report"], orphan)
        stage.requests()
