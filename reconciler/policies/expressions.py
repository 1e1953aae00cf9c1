"""Compiles and evaluates expressions of CEL. The only importer of its library.

The library itself has bounds: one evaluation takes at most 10,000 steps in loops, an expression has at most 32 levels,
and RE2 matches in linear time. `checks` holds what these leave open.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from cel_expr_python import cel

from reconciler.policies.checks import Shape, Wrong, check
from reconciler.policies.syntax import Node, read_tree
from reconciler.text import closest, quote

LONGEST = 4000
"""Characters of an expression."""
MESSAGE = re.compile(r"<input>:(-?\d+):(-?\d+): ([^\n]*)")
UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
UNDEFINED = re.compile(r'Key not found in map : "?([^"]*)"?')
CEL = {"string": cel.Type.STRING, "int": cel.Type.INT, "bool": cel.Type.BOOL, "list": cel.Type.List(cel.Type.DYN)}
CEL |= {"map": cel.Type.Map(cel.Type.STRING, cel.Type.DYN), "dyn": cel.Type.DYN}
TYPED = ("resource", "change")
"""Maps of which the checker is told the types of the fields."""
Judged = bool | str
"""What a condition is, or why it cannot be judged."""


class Expression:
    """One expression that was found to be right. `names` are the variables that it uses."""

    def __init__(self, source: str, names: Mapping[str, Shape], *, is_condition: bool = True) -> None:
        if len(source) > LONGEST:
            raise Wrong(f"is {len(source)} characters long; expected at most {LONGEST}")
        self.source = source
        environment = _environment(names)
        self._program = _compile(environment, source, names)
        tree = read_tree(self._program.serialize())
        check(tree, names)
        self.names = frozenset(each.text for each in tree.walk() if each.kind == "name") & names.keys()
        type_name = _type_of(source, tree, names)
        if is_condition and type_name not in ("BOOL", "DYN"):
            raise Wrong(f"is of the type {type_name.lower()}; expected a condition, which is true or false")

    def value(self, data: Mapping[str, Any]) -> Any:
        """What it is for these values. Wrong if that cannot be told."""
        try:
            found = self._program.eval(data=data)
            if found.type() != cel.Type.ERROR:
                return found.plain_value()
            said = str(found.value())
        except (RuntimeError, ValueError) as error:
            said = str(error)
        raise Wrong(_reason(said))

    def condition(self, data: Mapping[str, Any]) -> bool:
        """Whether it is true for these values. Wrong if that cannot be told."""
        found = self.value(data)
        if not isinstance(found, bool):
            raise Wrong("is neither true nor false here; expected a condition")
        return found


class Together:
    """Conditions that are evaluated at once: for each pair (applies, holds) 2 if it does not apply, else 1 or 0."""

    def __init__(self, pairs: Iterable[tuple[str, str]], names: Mapping[str, Shape]) -> None:
        parts = ", ".join(f"(({when}\n)) ? (({require}\n) ? 1 : 0) : 2" for when, require in pairs)
        try:
            self._program = _environment(names).compile(f"[{parts}]")
        except RuntimeError:  # too much at once
            self._program = None

    def values(self, data: Mapping[str, Any]) -> Sequence[int] | None:
        """A number for each pair, None if something cannot be judged: each has to be asked by itself then."""
        if self._program is None:
            return None
        try:
            found = self._program.eval(data=data)
        except (RuntimeError, ValueError):
            return None
        return None if found.type() == cel.Type.ERROR else found.plain_value()


def _environment(names: Mapping[str, Shape]) -> Any:
    return _new_environment(tuple((name, shape.type) for name, shape in names.items()))


@lru_cache(100)
def _new_environment(types: tuple[tuple[str, str], ...]) -> Any:
    return cel.NewEnv(variables={name: CEL[each] for name, each in types})


def _compile(environment: Any, source: str, names: Iterable[str]) -> Any:
    try:
        return environment.compile(source)
    except RuntimeError as error:
        found = MESSAGE.search(str(error))
        line, column, said = (int(found[1]), int(found[2]), found[3]) if found else (1, 1, str(error))
        if unknown := UNDECLARED.search(said):
            name = unknown[1].partition(".")[0]
            said = f"there is no {quote(name)}; expected one of {', '.join(names)}{closest(name, list(names))}"
        if "recursion" in said:
            said = "is nested too deeply; expected at most 32 levels"
        before = source.split("\n")[: max(line - 1, 0)]
        raise Wrong(said, max(0, sum(len(each) + 1 for each in before) + column - 1)) from None


def _type_of(source: str, tree: Node, names: Mapping[str, Shape]) -> str:
    """The type of an expression. Wrong if the types of fields do not fit: each `resource.FIELD` is compiled as one
    variable of the field's type, which is as long, so that places stay as they are."""
    text, typed = source, dict(names)
    for each in tree.walk():
        if each.kind != "select" or each.is_test or each.children[0].kind != "name":
            continue
        name, start = each.children[0].text, each.children[0].at
        fields = names[name].fields if name in TYPED and name in names else None
        if fields and text[start : start + len(name) + len(each.text) + 1] == f"{name}.{each.text}":
            text = f"{text[: each.at]}_{text[each.at + 1 :]}"
            typed[f"{name}_{each.text}"] = fields[each.text]
    return str(_compile(_environment(typed), text, names).return_type().name())


def _reason(said: str) -> str:
    if missing := UNDEFINED.search(said):
        return f"there is no {quote(missing[1])} here; expected has(….{missing[1]}) && … before it"
    if "budget" in said:
        return "takes more than 10,000 steps; expected fewer loops within loops"
    return f"cannot be judged: {said.partition(': ')[2] or said}"
