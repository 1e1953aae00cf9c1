"""What a campaign has come through, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Tally:
    """Counts of events by their names, faults by their words, exit codes; and the seeds that failed, each with why."""

    events: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    codes: Counter[int] = field(default_factory=Counter)
    failures: dict[tuple[int, str], str] = field(default_factory=dict)

    def add(self, other: Tally) -> None:
        """Puts another one's counts to this one's."""
        self.events += other.events
        self.faults += other.faults
        self.codes += other.codes
        self.failures |= other.failures

    def fired(self, rules: Iterable[dict[str, object]]) -> None:
        """Counts what rules did, by the word that says what happens."""
        for each in rules:
            self.faults[str(each["rule"]).partition(": ")[2].split()[0]] += int(str(each["fired"]))

    def line(self) -> str:
        """The campaign in one line."""
        events = self.events
        return (
            f"{events['worlds']} worlds, {events['requests']} requests, {self.faults.total()} faults and "
            f"{events['kills']} kills survived"
        )

    def details(self) -> str:
        """What the line is made of."""
        return "\n".join(
            f"  {name}: " + ", ".join(f"{what} {count}" for what, count in sorted(counts.items()))
            for name, counts in (("faults", self.faults), ("events", self.events), ("exit codes", self.codes))
        )
