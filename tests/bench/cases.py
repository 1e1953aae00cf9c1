"""Which work is measured, who does it with which command, and what is put back before each run."""

from __future__ import annotations

import py_compile
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from .fellows import FELLOWS, Fellow
from .measure import Cost, Server, measured
from .projects import write_project

BOUND = Path(__file__).with_name("bound.py")
CHANGED = 10
"""Of a hundred resources."""


def _nothing() -> None:
    """Nothing to put back."""


@dataclass(frozen=True)
class Run:
    """A command, and what comes before it."""

    command: list[str]
    before: Callable[[], None] = _nothing
    fellow: bool = False


@dataclass
class Case:
    """One piece of work, by everybody who does it."""

    name: str
    commands: dict[str, Run]
    costs: dict[str, list[Cost]] = field(default_factory=dict)


def startup(programs: Path) -> Case:
    """What it costs to say nothing."""
    commands = {"lowest bound": Run([str(programs / "python"), "-c", "pass"])}
    return Case("`--version`", commands | {"reconciler": Run([str(programs / "reconciler"), "--version"])})


@dataclass(frozen=True)
class Invited:
    """A fellow on the project as it is and on the one with changes, and the names under which its work is kept."""

    plain: Fellow
    changed: Fellow
    kept: str


class Bench:
    """The projects of one size, and the server that holds them."""

    def __init__(self, root: Path, size: int, server: Server, programs: Path, *, every: bool = False) -> None:
        self.size, self.server, self._root = size, server, root
        self._python, self._ours = str(programs / "python"), str(programs / "reconciler")
        # As pip compiles what it installs: else the bound alone would compile itself each time.
        self._bound = str(py_compile.compile(str(BOUND), str(root / "bound.pyc"), doraise=True))
        self.name = f"{size}-every" if every else f"{size}"
        self.folder, self.changed = root / self.name, root / f"{self.name}-changed"
        write_project(self.folder, size, every=every)
        write_project(self.changed, size, changed=CHANGED, every=every)
        self._states = {folder: root / f"{folder.name}.states" for folder in (self.folder, self.changed)}

    def settle(self, variables: dict[str, str]) -> None:
        """Makes all of it live, without latency, and keeps the states that this leaves."""
        self.server.steer("load/empty")
        measured([self._ours, "apply", "--auto-approve", str(self.folder)], variables, self.server, self._root)
        self.server.steer(f"save/{self.name}")
        shutil.copytree(self.folder / ".reconciler", self.changed / ".reconciler")
        for folder, kept in self._states.items():
            shutil.copytree(folder / ".reconciler", kept)

    def invite(self, name: str, programs: Path, variables: dict[str, str]) -> Invited:
        """A fellow, with all its work live once and kept."""
        folders = [self._root / f"{name}-{self.size}-{changed}" for changed in (0, CHANGED)]
        make = FELLOWS[name]
        plain = make(programs, folders[0], self.size, 0, self.server.port)
        changed = make(programs, folders[1], self.size, CHANGED, self.server.port)
        self.server.steer("load/empty")
        measured(plain.apply, variables, self.server, self._root)
        kept = f"{name}-{self.size}"
        self.server.steer(f"save/{kept}")
        return Invited(plain, changed, kept)

    def cases(self, invited: list[Invited]) -> Iterator[Case]:
        """All of this size."""
        one, other = str(self.folder), str(self.changed)
        apply = [self._ours, "apply", "--auto-approve"]
        yield self._case("validate", [self._ours, "validate", one], self.folder, {})
        plans = {each.plain.name: self._run(each.plain.plan, each.kept) for each in invited}
        yield self._case("plan, nothing to do", [self._ours, "plan", one], self.folder, plans)
        plans = {each.changed.name: self._run(each.changed.plan, each.kept) for each in invited}
        yield self._case(f"plan, {CHANGED} % changed", [self._ours, "plan", other], self.changed, plans)
        applies = {each.plain.name: self._run(each.plain.apply, "empty") for each in invited}
        yield self._case("apply, creates all", [*apply, one], self.folder, applies, empty=True)
        applies = {each.changed.name: self._run(each.changed.apply, each.kept) for each in invited}
        yield self._case(f"apply, {CHANGED} % changed", [*apply, other], self.changed, applies, bound="recheck")

    def plans_of_every_kind(self) -> Iterator[Case]:
        """The plans of a project of seven kinds."""
        for what, folder in (("nothing to do", self.folder), (f"{CHANGED} % changed", self.changed)):
            yield self._case(f"plan, seven kinds, {what}", [self._ours, "plan", str(folder)], folder, {})

    def _run(self, command: list[str], kept: str) -> Run:
        def before() -> None:
            self.server.steer(f"load/{kept}")

        return Run(command, before, fellow=True)

    def restore(self, folder: Path, *, empty: bool = False) -> None:
        """Puts back what is live and the state: nothing if `empty`, else all of it."""
        self.server.steer("load/empty" if empty else f"load/{self.name}")
        shutil.rmtree(folder / ".reconciler", ignore_errors=True)
        if not empty:
            shutil.copytree(self._states[folder], folder / ".reconciler")

    def _case(
        self,
        name: str,
        ours: list[str],
        folder: Path,
        fellows: dict[str, Run],
        *,
        empty: bool = False,
        bound: str = "",
    ) -> Case:
        command = bound or name.partition(",")[0]
        lowest = [self._python, self._bound, command, str(folder), str(self.server.port)]

        before = partial(self.restore, folder, empty=empty)
        commands = {"lowest bound": Run(lowest, before), "reconciler": Run(ours, before), **fellows}
        return Case(f"{name}, {self.size:,}", commands)
