"""The package as its source says it: which module imports which, wherever in it the import stands."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "reconciler"
REFERENCE = re.compile(r"([a-z_0-9]+(?:\.[a-z_0-9]+)*):[A-Za-z_]\w*")
"""What `lazy.load` takes: `module:name`."""


@cache
def modules() -> dict[str, Path]:
    """Dotted name → file, of every module of the package."""
    return {_dotted(path): path for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def tree_of(path: Path) -> ast.Module:
    """The parsed source of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """All that is in it: many rules look at each."""
    return tuple(ast.walk(tree_of(path)))


@cache
def imported(name: str) -> frozenset[str]:
    """Every module that a module imports: within functions and under TYPE_CHECKING, by `lazy.load` and the tables of
    it, and as an attribute of a package whose submodules are imported when they are first used."""
    found = _statements(name, modules()[name])
    return frozenset(found)


@cache
def imported_within(name: str) -> frozenset[str]:
    """Those of them that are of this package."""
    return frozenset(each for each in imported(name) if each.split(".")[0] == PACKAGE.name)


def part_of(name: str) -> str:
    """The folder or module right below the package: `reconciler.plan.build` gives `plan`; the package itself, ``."""
    return name.partition(".")[2].partition(".")[0]


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _statements(name: str, path: Path) -> Iterator[str]:
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            steps = package.split(".")
            start = steps[: len(steps) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                if is_lazy(inner):
                    yield from _attributes(path, alias.asname or alias.name, inner)
                else:
                    yield inner if inner in modules() else base
        else:
            yield from _loaded(node)


def _loaded(node: ast.AST) -> Iterator[str]:
    """The module that `lazy.load` is given, or that a text refers to which stands in a table for it."""
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "load" and node.args[0]
    if isinstance(called, ast.Constant):
        yield called.value.partition(":")[0]
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        found = REFERENCE.fullmatch(node.value)
        yield from [found[1]] if found and found[1] in modules() else []


def is_lazy(name: str) -> bool:
    """Whether this is a package whose submodules are imported when they are first used."""
    return name in modules() and "import_lazily(__name__)" in modules()[name].read_text(encoding="utf-8")


def _attributes(path: Path, name: str, package: str) -> Iterator[str]:
    """The submodules of a package that a file uses as attributes of it."""
    for node in nodes_of(path):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == name:
            inner = f"{package}.{node.attr}"
            yield inner if inner in modules() else package
