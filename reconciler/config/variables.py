"""`${var.NAME}` in values, never in keys. `$${` stands for a plain `${`."""

from __future__ import annotations

import re
from typing import Any

from reconciler.config.text import KEY_FOUND, holds_key, quoted
from reconciler.errors import SHOWS_KEY, Location, Problem
from reconciler.model.settings import Environment, Variable
from reconciler.text import closest
from reconciler.yaml import LocatedList, LocatedMap, Position

EXPRESSION = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
MOST_CHARACTERS = 10_000_000
"""How many characters variables may add in one environment: a long one may be used often."""
NAME = re.compile(r"var\.([A-Za-z_][A-Za-z0-9_]*)")


class Substitution:
    """Replaces the variables of an environment in values, and collects the problems.

    `unknown` are the locations of values that are not known: they keep their text. `whole`: location → the name of the
    variable that is the whole value there. `subject` is the resource whose values are replaced. Without an environment,
    because the settings could not be read, a variable is no problem.
    """

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
                    self._refuse(Location(file, *node.key_positions[key]), message)
            return {key: self.plain(value, file, node.value_positions[key]) for key, value in node.items()}
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
