"""`${var.NAME}` in values, never in keys. `$${` stands for a plain `${`."""

from __future__ import annotations

import re
from typing import Any

from reconciler.config.text import SAID, holds_key, quoted
from reconciler.config.unread import Position
from reconciler.errors import Problem
from reconciler.model.settings import Environment, Variable
from reconciler.text import closest
from reconciler.yaml import LocatedList, LocatedMap

EXPRESSION = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
MOST_PUT_IN = 10_000_000
"""Characters that variables may bring to one environment: a long one may be used often."""
NAME = re.compile(r"var\.([A-Za-z_][A-Za-z0-9_]*)")


class Substitution:
    """Puts an environment's variables into values and collects what is wrong.

    `unknown` are the spots where a value is not known and the text stands in for it. Where the settings could not be
    read there is no environment, and no variable is a problem.
    """

    def __init__(self, environment: Environment | None) -> None:
        self.environment = environment
        self.problems: list[Problem] = []
        self.unknown: set[Position] = set()
        self._put_in = 0
        self._is_full = False

    def plain(self, node: Any, file: str, mark: tuple[int, int]) -> Any:
        """The value as plain maps and lists, variables put in."""
        if isinstance(node, str):
            return self._text(node, (file, *mark)) if "${" in node else node
        if isinstance(node, LocatedMap):
            for key in node:
                if "${" in key:
                    message = f"the key {quoted(key)} holds a variable; expected variables in values only"
                    self._refuse((file, *node.key_marks[key]), message)
            return {key: self.plain(value, file, node.value_marks[key]) for key, value in node.items()}
        if isinstance(node, LocatedList):
            return [self.plain(value, file, at) for value, at in zip(node, node.marks, strict=True)]
        return node

    def _refuse(self, spot: Position, message: str) -> None:
        self.problems.append(Problem(*spot, message))
        self.unknown.add(spot)

    def _text(self, text: str, spot: Position) -> Variable:
        whole = EXPRESSION.fullmatch(text)
        if whole and whole.group(1) is not None:
            return self._value(whole, spot)

        if self._is_full:
            self.unknown.add(spot)
            return text

        def put_in(found: re.Match[str]) -> str:
            if found.group(1) is None:
                return "${"
            value = self._value(found, spot)
            said = str(value).lower() if isinstance(value, bool) else str(value)
            self._put_in += len(said)
            if self._put_in > MOST_PUT_IN:
                self._is_full = True
            return "" if self._is_full else said

        result = EXPRESSION.sub(put_in, text)
        if self._is_full:
            self._refuse(spot, f"variables make too much text up to here; expected at most {MOST_PUT_IN} characters")
        elif holds_key(result) and not holds_key(text):
            self._refuse(spot, SAID)
        return result

    def _value(self, found: re.Match[str], spot: Position) -> Variable:
        text = found.group(0)
        named = NAME.fullmatch(found.group(1).strip())
        if named is None or not text.endswith("}"):
            message = f"{quoted(text)} is no variable; expected ${{var.NAME}} (a plain ${{ is written $${{)"
            self._refuse(spot, message)
            return text
        name = named.group(1)
        if self.environment is None:
            self.unknown.add(spot)
            return text
        if name not in self.environment.variables:
            self._refuse(spot, _without_value(name, self.environment))
            return text
        return self.environment.variables[name]


def variables_in(text: str) -> list[str]:
    """The names of the variables in a text that is sound."""
    named = (NAME.fullmatch(found[1].strip()) for found in EXPRESSION.finditer(text) if found[1] is not None)
    return [each[1] for each in named if each]


def _without_value(name: str, environment: Environment) -> str:
    if name in environment.unset:
        return f"the variable {quoted(name)} has no value; expected one at {environment.unset[name]}"
    expected = "expected a value under variables of the environment in reconciler.yaml"
    return f"the variable {quoted(name)} is not set; {expected}{closest(name, list(environment.variables))}"
