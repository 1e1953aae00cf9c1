"""`${var.NAME}` in values, never in keys. `$${` stands for a plain `${`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from reconciler.config.wording import quoted
from reconciler.errors import Problem, did_you_mean
from reconciler.model.settings import Environment, Variable
from reconciler.yaml12 import LocatedList, LocatedMap

EXPRESSION = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
NAME = re.compile(r"var\.([A-Za-z_][A-Za-z0-9_]*)")


class Substitution:
    """Puts an environment's variables into values and collects what is wrong."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.problems: list[Problem] = []

    def plain(self, node: Any, file: str, mark: tuple[int, int]) -> Any:
        """The value as plain maps and lists, variables put in."""
        if isinstance(node, str):
            return self._text(node, file, mark) if "${" in node else node
        if isinstance(node, LocatedMap):
            for key in node:
                if "${" in key:
                    message = f"the key {quoted(key)} holds a variable; expected variables in values only"
                    self.problems.append(Problem(file, *node.key_marks[key], message))
            return {key: self.plain(value, file, node.value_marks[key]) for key, value in node.items()}
        if isinstance(node, LocatedList):
            return [self.plain(value, file, at) for value, at in zip(node, node.marks, strict=True)]
        return node

    def _text(self, text: str, file: str, mark: tuple[int, int]) -> Variable:
        whole = EXPRESSION.fullmatch(text)
        if whole and whole.group(1) is not None:
            return self._value(whole.group(0), whole.group(1), file, mark)

        def put_in(found: re.Match[str]) -> str:
            if found.group(1) is None:
                return "${"
            value = self._value(found.group(0), found.group(1), file, mark)
            return str(value).lower() if isinstance(value, bool) else str(value)

        return EXPRESSION.sub(put_in, text)

    def _value(self, text: str, inner: str, file: str, mark: tuple[int, int]) -> Variable:
        named = NAME.fullmatch(inner.strip())
        if named is None or not text.endswith("}"):
            message = f"{quoted(text)} is no variable; expected ${{var.NAME}} (a plain ${{ is written $${{)"
            self.problems.append(Problem(file, *mark, message))
            return text
        name = named.group(1)
        variables: Mapping[str, Variable] = self.environment.variables
        if name not in variables:
            where = f"the environment {self.environment.name}"
            what = f"has no value in {where}" if name in self.environment.unset else f"is not set in {where}"
            message = f"the variable {name} {what}; expected it among its variables in reconciler.yaml"
            self.problems.append(Problem(file, *mark, message + did_you_mean(name, variables)))
            return text
        return variables[name]
