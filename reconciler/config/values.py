"""Values as they are written: `${var.NAME}` in them (never in keys; `$${` is a plain `${`), and where each stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from reconciler.config.files import LARGEST, Disk
from reconciler.config.text import KEY_FOUND, holds_key, masked, quoted
from reconciler.errors import SHOWS_KEY, Location, Problem
from reconciler.kinds.comparison import dotted
from reconciler.model.settings import Environment, Variable
from reconciler.system import Unreadable
from reconciler.text import closest
from reconciler.yaml import LocatedList, LocatedMap, Position, find_location

T = TypeVar("T")
EXPRESSION = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
MOST_CHARACTERS = 10_000_000
"""How many characters variables may add in one environment: a long one may be used often."""
NAME = re.compile(r"var\.([A-Za-z_][A-Za-z0-9_]*)")


class Substitution:
    """Replaces the variables of an environment in values, and collects the problems. `unknown` are the locations of
    values that are not known: they keep their text. `whole`: location → the name of the variable that is the whole
    value there. `subject` is the resource whose values are replaced. Without an environment, because the settings could
    not be read, a variable is no problem."""

    def __init__(self, environment: Environment | None) -> None:
        self.environment = environment
        self.problems: list[Problem] = []
        self.unknown: set[Location] = set()
        self.whole: dict[Location, str] = {}
        self.subject = ""
        self._length = 0
        self._is_full = False

    def plain(self, node: Any, file: str, position: Position) -> Any:
        """The value as plain maps and lists, with the variables replaced."""
        if isinstance(node, str):
            return self._text(node, Location(file, *position)) if "${" in node else node
        if isinstance(node, LocatedMap):
            for key in node:
                if "${" in key:
                    message = f"the key {quoted(key)} holds a variable; expected variables in values only"
                    self._refuse(find_location(node, (key,), Location(file, *position), key=True), message)
            at, files = node.value_positions, node.files
            if files:
                return {key: self.plain(value, files.get(key, file), at[key]) for key, value in node.items()}
            return {key: self.plain(value, file, at[key]) for key, value in node.items()}
        if isinstance(node, LocatedList):
            return [self.plain(value, file, at) for value, at in zip(node, node.positions, strict=True)]
        return node

    def _refuse(self, location: Location, message: str, cause: str = "", at: Location | None = None) -> None:
        subject = self.subject if "." in self.subject else ""
        code = SHOWS_KEY if message == KEY_FOUND else ""
        self.problems.append(Problem(*(at or location), message, code, subject, cause))
        self.unknown.add(location)

    def _text(self, text: str, location: Location) -> Variable:
        whole = EXPRESSION.fullmatch(text)
        if whole and whole.group(1) is not None:
            self.whole[location] = whole.group(1).strip().removeprefix("var.")
            return self._value(whole, location)

        if self._is_full:
            self.unknown.add(location)
            return text

        def replaced(found: re.Match[str]) -> str:
            if found.group(1) is None:
                return "${"
            value = self._value(found, location)
            replacement = str(value).lower() if isinstance(value, bool) else str(value)
            self._length += len(replacement)
            if self._length > MOST_CHARACTERS:
                self._is_full = True
            return "" if self._is_full else replacement

        result = EXPRESSION.sub(replaced, text)
        if self._is_full:
            self._refuse(
                location, f"variables make too much text up to here; expected at most {MOST_CHARACTERS} characters"
            )
        elif holds_key(result) and not holds_key(text):
            self._refuse(location, KEY_FOUND)
        return result

    def _value(self, found: re.Match[str], location: Location) -> Variable:
        text = found.group(0)
        named = NAME.fullmatch(found.group(1).strip())
        if named is None or not text.endswith("}"):
            message = f"{quoted(text)} is no variable; expected ${{var.NAME}} (a plain ${{ is written $${{)"
            self._refuse(location, message)
            return text
        name = named.group(1)
        if self.environment is None:
            self.unknown.add(location)
            return text
        if name not in self.environment.variables:
            message = _without_value(name, self.environment, location)
            at = self.environment.unset.get(name)
            self._refuse(location, message, str(at or message), at)
            return text
        return self.environment.variables[name]


def variables_in(text: str) -> list[str]:
    """The names of the variables in a valid text."""
    named = (NAME.fullmatch(found[1].strip()) for found in EXPRESSION.finditer(text) if found[1] is not None)
    return [each[1] for each in named if each]


def _without_value(name: str, environment: Environment, location: Location) -> str:
    if name in environment.unset:
        return f"the variable {quoted(name)} has no value; expected one here, since {location} uses it"
    expected = "expected a value under variables of the environment in reconciler.yaml"
    return f"the variable {quoted(name)} is not set; {expected}{closest(name, list(environment.variables))}"


def line_reader() -> Callable[[Location], str]:
    """A function that gives the line at a location, without Secret Keys. It reads each file once. Its answer is empty
    if the file cannot be read any more."""
    known: dict[str, list[str]] = {}

    def line(location: Location) -> str:
        if location.file not in known:
            try:
                file = Path(location.file)
                text = Disk(file).content(file, LARGEST).decode("utf-8-sig")
                known[location.file] = (masked(text) if "sk_" in text else text).splitlines()
            except (Unreadable, UnicodeDecodeError):
                known[location.file] = []
        lines = known[location.file]
        return lines[location.line - 1] if 0 < location.line <= len(lines) else ""

    return line


class LazyMapping(Mapping[str, T]):
    """A mapping whose entries are made at the first access: most resources are never asked."""

    def __init__(self, make: Callable[[], Mapping[str, T]]) -> None:
        self._make = make

    def __getitem__(self, path: str) -> T:
        return self._entries[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    @cached_property
    def _entries(self) -> Mapping[str, T]:
        return self._make()


def value_locations(node: Any, file: str) -> Mapping[str, Location]:
    """Path (`data.initiators[0].uid`) → the place of the key or item, or of the anchor of an alias."""
    return LazyMapping(lambda: {path: location for path, location, _ in _values("", node, file)})


def variable_sources(node: Any, variables: Mapping[str, Location]) -> Mapping[str, tuple[Location, ...]]:
    """Path → where the variables are set that its value is made of. `variables`: name → where it is set."""

    def sources() -> dict[str, tuple[Location, ...]]:
        texts = ((path, value) for path, _, value in _values("", node, "") if isinstance(value, str))
        found = {path: tuple(variables[name] for name in variables_in(text)) for path, text in texts}
        return {path: locations for path, locations in found.items() if locations}

    return LazyMapping(sources)


def _values(path: str, node: Any, file: str) -> Iterator[tuple[str, Location, Any]]:
    """Each value within a node of a file, at every depth: its path, its place, and itself."""
    if isinstance(node, LocatedMap):
        at = {**node.key_positions, **node.anchors}
        found = [
            (dotted(path, [key]) if path else key, Location(node.files.get(key, file), *at[key]), node[key])
            for key in node
        ]
    elif isinstance(node, LocatedList):
        found = [(dotted(path, [at]), Location(file, *node.positions[at]), value) for at, value in enumerate(node)]
    else:
        return
    for each in found:
        yield each
        yield from _values(each[0], each[2], each[1].file)
