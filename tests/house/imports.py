"""The package as its source says it: which module imports which, wherever in it the import stands."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "reconciler"


@cache
def modules() -> dict[str, Path]:
    """Dotted name → file, of every module of the package."""
    return {_dotted(path): path for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def tree_of(path: Path) -> ast.Module:
    """The parsed source of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@cache
def imported(name: str) -> frozenset[str]:
    """Every module that a module imports, also within functions and under TYPE_CHECKING."""
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
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            steps = package.split(".")
            start = steps[: len(steps) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield inner if inner in modules() else base
