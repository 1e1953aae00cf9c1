"""Layers point down, and each library has one importer. Read from the source, so that nothing has to be run."""

from __future__ import annotations

import ast
import sys
from graphlib import CycleError, TopologicalSorter

import pytest
from offenders import for_all

from .imports import imported, imported_within, modules, nodes_of, part_of

FLOORS = (
    {"errors", "serialization", "system", "text", "threads"},
    {"model", "yaml"},
    {"kinds", "api", "git"},
    {"config", "state", "observe", "plan", "apply", "review", "policies", "forges", "output"},
    {"commands"},
    {"cli", "project"},
    {"__main__", "testing"},
)
"""From the ground up. A unit imports what is on the floors below it, and nothing beside it."""
ABOVE_NOTHING = {"", "lazy", "simulator"}
"""What all may have: the package's name and version, and imports that wait until they are needed. And a program of its
own, which knows nothing of ours."""
FACE = {"apply", "errors", "model", "project"}
"""What the package itself names, and imports when it is first used: see tests/library/test_public.py."""
BESIDE = {"errors": {"text"}, "serialization": {"errors"}, "output": {"kinds", "model"}, "": FACE}
BESIDE |= {"api": {"simulator"}, "commands": {"simulator"}}
"""What is imported besides."""
TABLES = {"reconciler.model.backends": "state"}
"""A table names modules of another unit. That unit imports them by `lazy.load`, and the table imports nothing."""


def below(part: str) -> set[str]:
    """What a unit may import."""
    floor = next((number for number, units in enumerate(FLOORS) if part in units), 0)
    return {"", "lazy", part}.union(*FLOORS[:floor], BESIDE.get(part, ()))


ONE_IMPORTER = {
    "httpx": "reconciler.api.transport",
    "httpcore": "reconciler.api.streams",
    "yaml": "reconciler.yaml",
    "jsonschema": "reconciler.config.validation",
    "deepdiff": "reconciler.kinds.comparison",
    "waitress": "reconciler.simulator.server",
    "filelock": "reconciler.state.file",
    "orjson": "reconciler.serialization",
    "obstore": "reconciler.state.object_bucket",
    "cel_expr_python": "reconciler.policies.expressions",
    "jinja2": "reconciler.output.page",
    "opentelemetry": "reconciler.output.spans",
}
CLICKS_OUTPUT = frozenset({"echo", "echo_via_pager", "secho", "style", "progressbar", "prompt", "confirm"})


def test_every_part_has_its_place() -> None:
    """A new folder or module below the package is written into the table above, or nothing would hold it."""
    assert {part_of(name) for name in modules()} == ABOVE_NOTHING.union(*FLOORS)


def test_layers_point_down() -> None:
    """A module imports of this package what is below it, imports within functions and for types included."""
    upward = [
        f"{name} imports {each}, which is not below {part or 'the package'}"
        for name in modules()
        for part in [part_of(name)]
        for each in sorted(imported_within(name))
        if part_of(each) not in below(part) and part_of(each) != TABLES.get(name)
    ]
    assert not upward, "\n".join(upward)


def test_the_simulator_is_a_program_of_its_own() -> None:
    """It knows the API's documents and nothing of ours, or it would repeat our mistakes back to us."""
    ours = {each for name in modules() if part_of(name) == "simulator" for each in imported_within(name)}
    assert {part_of(each) for each in ours} == {"simulator"}


def test_the_model_needs_no_library() -> None:
    """Values and errors are made of the standard library."""
    libraries = {
        each.split(".")[0]
        for name in modules()
        if part_of(name) in ("model", "errors")
        for each in imported(name) - imported_within(name)
    }
    assert libraries <= sys.stdlib_module_names


def test_nothing_imports_in_a_circle() -> None:
    """A circle is two modules that are one."""
    # The package itself imports nothing before it is asked for a name.
    graph = {name: set(imported_within(name)) - {name} for name in modules() if part_of(name)}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(f"imports go round: {' → '.join(circle.args[1])}")


@for_all(("library", "place"), ONE_IMPORTER.items())
def test_a_library_has_one_importer(library: str, place: str) -> None:
    """So that it can be changed for another in one spot."""
    importers = {name for name in modules() if any(each.split(".")[0] == library for each in imported(name))}
    assert importers, f"nobody imports {library}: take it out of the dependencies"
    strangers = {name for name in importers if name != place and not name.startswith(f"{place}.")}
    assert not strangers, f"{library} is imported by {', '.join(sorted(strangers))}; only {place} may"


def test_one_module_writes_to_the_terminal() -> None:
    """What escapes control characters and honours NO_COLOR cannot be gone around."""
    writers = {
        name
        for name, path in modules().items()
        for node in nodes_of(path)
        if _of_click(node) or (isinstance(node, ast.Name) and node.id == "print")
    }
    assert writers == {"reconciler.output.terminal"}


def _of_click(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "click" and any(alias.name in CLICKS_OUTPUT for alias in node.names)
    called_on_click = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "click"
    return called_on_click and node.attr in CLICKS_OUTPUT
