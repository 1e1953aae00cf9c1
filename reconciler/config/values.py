"""Values as they are written: `${var.NAME}` and `${each.DIMENSION}` in them (never in keys; `$${` is a plain `${`), and
where each stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from reconciler.errors import SHOWS_KEY, Location, Problem
from reconciler.lazy import frozen
from reconciler.model.redaction import KEY_FOUND, holds_key
from reconciler.model.settings import Environment
from reconciler.text import Searches, cite, cut, describe, offer
from reconciler.yaml import LocatedList, LocatedMap, copy_plain, find_location, walk
from reconciler.yaml.located import Position

EXPRESSION = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
MOST_CHARACTERS = 10_000_000
"""How many characters variables may add in one environment: a long one may be used often."""
MOST_KEYS = 20
"""So many keys are named in a message."""
NAME = re.compile(r"(var|each)\.([A-Za-z_][A-Za-z0-9_]*)((?:\.[A-Za-z0-9_-]+)*)")
_EACH = re.compile(r"(?<!\$)\$\{\s*each\b")


class Item(NamedTuple):
    """One item of a dimension of `for_each`: its key, its value, and that as it is written, and where."""

    key: str
    value: Any
    node: Any
    location: Location


Items = Mapping[str, Item]
NO_ITEMS: Items = {}
ELSEWHERE: Final = "cannot stand in {}; expected it in the values of fields, or in key"
NO_FOR_EACH = "stands in no resource with for_each; expected for_each with this dimension beside it"


@frozen
class Written:
    """One resource, or one item of a block, as it was read. `location` is where its key is, or the item itself;
    `value_location` is where the value begins."""

    node: Any
    location: Location
    value_location: Location

    @classmethod
    def at(cls, node: LocatedMap, key: str, file: str) -> Written:
        """What a map, which stands in a file, has at a key."""
        return cls(node[key], Location(file, *node.key_positions[key]), Location(file, *node.value_positions[key]))

    def locate(self, *path: str | int, key: bool = False) -> Location:
        """Where the value at a path is (or its key), or else the nearest value around it."""
        return find_location(self.node, path, self.value_location, key=key)


class Substitution:
    """Replaces variables of an environment and items of an instance in values, and collects the problems.
    `unknown`: the locations of values that could not be resolved; they keep their text. `expressions`: location → the
    expression that is the whole value there. `subject`: the address of the resource whose values are resolved. The
    environment is None if the settings could not be read; a variable is no problem then."""

    def __init__(self, environment: Environment | None) -> None:
        self.environment = environment
        self.problems: list[Problem] = []
        self.unknown: set[Location] = set()
        self.expressions: dict[Location, str] = {}
        self.subject = ""
        self.items: Items = NO_ITEMS
        self._no_items = NO_FOR_EACH
        self._length = 0
        # By id: the plain copy of a variable's value, and its size. Many values may be the same long list.
        self._copies: dict[int, tuple[Any, int]] = {}
        self.searches = Searches()

    def resolve(self, node: Any, location: Location, no_items: str = NO_FOR_EACH) -> Any:
        """The value as plain maps and lists, with the variables replaced. If there are no items, `${each.…}` gives a
        problem with the text `no_items`, or none if that text is empty."""
        self._no_items = no_items
        return self._resolve(node, location.file, (location.line, location.column))

    def _resolve(self, node: Any, file: str, position: Position) -> Any:
        if isinstance(node, str):
            return self._resolve_text(node, Location(file, *position)) if "${" in node else node
        if isinstance(node, LocatedMap):
            for key in node:
                if "${" in key:
                    message = f"the key {cite(key)} holds a variable; expected variables in values only"
                    self.unknown.add(Location(file, *position))
                    self.refuse(find_location(node, (key,), Location(file, *position), key=True), message)
            at, files = node.value_positions, node.files
            if files:
                return {key: self._resolve(value, files.get(key, file), at[key]) for key, value in node.items()}
            # Most values are texts without a variable: they take no call.
            return {
                key: value if value.__class__ is str and "$" not in value else self._resolve(value, file, at[key])
                for key, value in node.items()
            }
        if isinstance(node, LocatedList):
            return [self._resolve(value, file, at) for value, at in zip(node, node.positions, strict=True)]
        return node

    def follow(self, node: Any, location: Location) -> tuple[Any, Location]:
        """If a node of `for_each` is one variable: its value and its place in the settings. Otherwise the node, with
        other variables replaced, and its own place."""
        self._no_items = ELSEWHERE.format("for_each")
        if not isinstance(node, str) or "${" not in node or location in self.unknown:
            return node, location
        named = find_whole_expression(node)
        if named is None or named[1] == "each":
            return self._resolve_text(node, location), location
        value = self._resolve_named(named, node, location)
        if location in self.unknown:
            return node, location
        return value, find_source(named, self.environment, NO_ITEMS) or location

    def resolve_field(self, written: Written, name: str, no_items: str = NO_FOR_EACH) -> Any:
        """The value at a key of a resource."""
        return self.resolve(written.node[name], written.locate(name), no_items)

    def read_word(self, written: Written, name: str) -> Any:
        """The value of `only_in` or `exclude` of a resource; None if it is not written."""
        self.items = NO_ITEMS
        return self.resolve_field(written, name, ELSEWHERE.format(name)) if name in written.node else None

    def locate_at_source(self, problem: Problem, items: Items) -> Problem:
        """The problem at the place where the value is written, if that is a variable or an item; else as it is."""
        name = self.expressions.get(problem.location, "")
        named = NAME.fullmatch(name)
        origin = find_source(named, self.environment, items) if named else None
        if origin is None:
            return problem
        head, expected, rest = problem.rest.partition("; expected")
        message = f"{head}, the value of ${{{name}}} at {problem.location}{expected}{rest}"
        message = f"{problem.subject}: {message}" if problem.subject else message
        file, line, column = origin
        cause = f"{name}{head}{file}{line}"
        return replace(problem, file=file, line=line, column=column, message=message, cause=cause)

    def refuse(self, location: Location, message: str, cause: str = "", at: Location | None = None) -> None:
        """Add a problem with the value at a location, which is unknown from now on. `at`: the place to show instead."""
        about = format_subject(self.subject, self.items) if "." in self.subject else ""
        code = SHOWS_KEY if message == KEY_FOUND else ""
        message = f"{about}: {message}" if self.items and about else message
        self.problems.append(Problem(*(at or location), message, code, about, cause))
        self.unknown.add(location)

    def _resolve_text(self, text: str, location: Location) -> Any:
        whole = EXPRESSION.fullmatch(text)
        if whole and whole[1] is not None:
            self.expressions[location] = whole[1].strip()
            value = self._resolve_expression(whole, location)
            if not isinstance(value, dict | list):
                return value
            copy, size = self._copies.get(id(value)) or (copy_plain(value), count_values(value))
            self._copies[id(value)] = copy, size
            return copy if self._is_within_limit(size, location) else text
        if not self._is_within_limit(0, location):
            return text

        def substitute(found: re.Match[str]) -> str:
            if found[1] is None:
                return "${"
            value = self._resolve_expression(found, location)
            if location not in self.unknown and (value is None or isinstance(value, dict | list)):
                what = describe(value)
                self.refuse(location, f"{found[0]} is {what}; expected a text, a number or a boolean within a text")
            replacement = str(value).lower() if isinstance(value, bool) else str(value)
            return replacement if self._is_within_limit(len(replacement), location) else ""

        result = EXPRESSION.sub(substitute, text)
        if holds_key(result) and not holds_key(text):  # a key in two halves
            self.refuse(location, KEY_FOUND)
        return result

    def _is_within_limit(self, size: int, location: Location) -> bool:
        """Count `size` more characters. False beyond the limit: the first time with a problem, later as unknown."""
        before, self._length = self._length, self._length + size
        if before <= MOST_CHARACTERS < self._length:
            most = f"expected at most {MOST_CHARACTERS} characters"
            self.refuse(location, f"variables make too much text up to here; {most}")
        elif self._length > MOST_CHARACTERS:
            self.unknown.add(location)
        return self._length <= MOST_CHARACTERS

    def _resolve_expression(self, found: re.Match[str], location: Location) -> Any:
        """The value of an expression in a text, as it is written."""
        text = found[0]
        named = NAME.fullmatch(found[1].strip())
        if named is not None and text.endswith("}"):
            return self._resolve_named(named, text, location)
        is_each = _EACH.match(text) is not None
        how = "${each.DIMENSION}, or ${each.DIMENSION.KEY} for a map" if is_each else "${var.NAME}"
        what = "names no dimension of for_each" if is_each else "is no variable"
        self.refuse(location, f"{cite(text)} {what}; expected {how} (a plain ${{ is written $${{)")
        return text

    def _resolve_named(self, named: re.Match[str], text: str, location: Location) -> Any:
        kind, name, path = named.groups()
        if kind == "each" and name in self.items:
            value = self.items[name].value
        elif kind == "var" and self.environment is not None and name in self.environment.variables:
            value = self.environment.variables[name]
        else:
            self._refuse_name(kind, name, text, location)
            return text
        keys = _split(kind, value, path)
        for index, step in enumerate(keys):
            if not isinstance(value, dict) or step not in value:
                self.refuse(location, self._explain_no_step(kind, name, keys[: index + 1], value))
                return text
            value = value[step]
        return value

    def _refuse_name(self, kind: str, name: str, text: str, location: Location) -> None:
        """Add the problem of an expression `text` with a name that no item or variable has."""
        self.unknown.add(location)
        if kind == "each" and self.items:
            close = self.searches.suggest_similar(name, self.items)
            self.refuse(location, f"there is no dimension {cite(name)}; expected {offer(list(self.items))}{close}")
        elif kind == "each" and self._no_items:
            self.refuse(location, f"{cite(text)} {self._no_items}")
        elif kind == "var" and self.environment is not None:
            close = self.searches.suggest_similar(name, self.environment.variables)
            at = self.environment.unset.get(name)
            message = f"the variable {cite(name)} has no value; expected one here, since {location} uses it"
            if at is None:
                expected = "expected a value under variables of the environment in reconciler.yaml"
                message = f"the variable {cite(name)} is not set; {expected}{close}"
            self.refuse(location, message, str(at or message), at)

    def _explain_no_step(self, kind: str, name: str, keys: list[str], value: Any) -> str:
        """Why a path goes no further than to a value."""
        what = f"the item {cite(self.items[name].key)} of {name}" if kind == "each" else f"the variable {cite(name)}"
        what = "".join(f"{cite(each)} of " for each in reversed(keys[:-1])) + what
        if not isinstance(value, dict):
            return f"{what} is {describe(value)}; expected a map with the key {cite(keys[-1])}"
        known = offer([*map(cut, list(value)[:MOST_KEYS])]) if value else "it"
        return f"{what} has no {cite(keys[-1])}; expected {known}{self.searches.suggest_similar(keys[-1], value)}"


def format_subject(name: str, items: Items) -> str:
    """`report.daily-go-us (for app=go, region=us)`: a resource as messages name it."""
    return f"{cut(name)} (for {', '.join(f'{each}={cut(items[each].key)}' for each in items)})" if items else cut(name)


def _split(source: str, value: Any, path: str) -> list[str]:
    """The keys that a path goes through. A map that is an item stands for its key."""
    steps = path.split(".")[1:]
    return ["key"] if source == "each" and not steps and isinstance(value, dict) else steps


def count_values(node: Any) -> int:
    """How many values a node has with itself, through aliases too."""
    return sum(1 for _ in walk(node))


def has_item(node: Any) -> bool:
    """Whether a value has an item of `for_each` in it."""
    return any(isinstance(value, str) and "${" in value and _EACH.search(value) for _, value in walk(node))


def find_source(named: re.Match[str], environment: Environment | None, items: Items) -> Location | None:
    """Where the value of an expression is written (a match of `NAME`), None if there is none."""
    kind, name, path = named.groups()
    if kind == "each":
        item = items.get(name)
        return find_location(item.node, _split(kind, item.node, path), item.location) if item else None
    if environment is None or name not in environment.variable_locations:
        return None
    variable, location = environment.variables.get(name), environment.variable_locations[name]
    return find_location(variable, _split(kind, None, path), location)


def find_whole_expression(value: object) -> re.Match[str] | None:
    """The match of `NAME` if a text is nothing but one variable or item; else None."""
    found = EXPRESSION.fullmatch(value) if isinstance(value, str) and value.endswith("}") else None
    return NAME.fullmatch(found[1].strip()) if found and found[1] else None
