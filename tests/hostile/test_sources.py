"""No value of a user's or of the API's becomes code, a command, a template or a path: read from the sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from house.imports import imported, modules, tree_of

EXECUTES = frozenset({"eval", "exec", "compile", "__import__", "execfile"})
ROADS = frozenset({"pickle", "marshal", "shelve", "dill", "code", "codeop", "runpy", "pty", "commands", "xmlrpc"})
SHELLS = frozenset({"system", "popen", "spawnl", "spawnv", "spawnvp", "execv", "execvp", "execl", "getoutput"})
LOADS = frozenset({"load", "load_all", "unsafe_load", "full_load", "FullLoader", "UnsafeLoader", "Loader"})

COMMANDS = {"reconciler.api.secret_command", "reconciler.git.command"}
"""Start programs: git, with a list of words of our own; what the user named to ask for the key, with the user's."""

PATHS = {
    "reconciler.config.locations": "a place that the configuration was read from",
    "reconciler.plan.approval": "the file that --expect-digest @FILE names",
    "reconciler.commands.drift": "a place that the configuration was read from",
    "reconciler.commands.comment": "the files that a runner's GITHUB_EVENT_PATH and GITHUB_STEP_SUMMARY name",
    "reconciler.cli.main": "the source file of a fault of ours, for its name",
    "reconciler.cli.options": "the files that --report names",
    "reconciler.commands.simulate": "the folder for the simulator's data, as tempfile names it",
    "reconciler.config.files": "what the file system lists, and whether that is below the folder",
    "reconciler.config.evaluate": "a place that the configuration was read from",
    "reconciler.config.settings": "the folder of the configuration, to be named by its path from the top",
    "reconciler.config.names": "the parents of the folder that the command line names",
    "reconciler.git.repository": "the folder that a repository is looked for from, and upward",
    "reconciler.system.programs": "an entry of PATH, and what was found there",
    "reconciler.state.file": "the state's own path, its links followed",
    "reconciler.state.git_repository": "an address of the state's remote, to see whether it lies within the checkout",
    "reconciler.state.journal_file": "the state's own path, its links followed",
    "reconciler.commands.state": "the argument of `state migrate --from file:PATH`",
    "reconciler.state.backends": "the state's own path",
    "reconciler.output.problems": "a file of the configuration and GITHUB_WORKSPACE, to be named and not opened",
    "reconciler.simulator.store": "the file that the command line names",
}
"""Make paths of texts, and of which."""


FORMATS = {
    "reconciler.state.backend": "url",
    "reconciler.yaml.syntax": "message",
}
"""Format what a table of constants holds: the addresses of CI systems, what is wrong in YAML."""

IMPORTS = {"reconciler.lazy": ("module", "submodule")}
"""Import a module by a name: that of a table of constants, or that of an attribute in our own code."""

NUMBERS = {"reconciler.simulator.rules": "matched % self.every"}
"""Divide numbers by numbers."""


@pytest.fixture(params=modules(), scope="module")
def module(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def _calls(module: str) -> Iterator[tuple[ast.Call, str, ast.expr | None]]:
    """Each call, the last word of what is called, and what stands before its dot."""
    for node in ast.walk(tree_of(modules()[module])):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield node, node.func.attr, node.func.value
            elif isinstance(node.func, ast.Name):
                yield node, node.func.id, None


def test_no_text_becomes_code(module: str) -> None:
    """No eval, no exec, no pickle and their like, no import by a name that is a value."""
    assert not [name for _, name, before in _calls(module) if name in EXECUTES and before is None]
    assert not {each.split(".")[0] for each in imported(module)} & ROADS
    named = [ast.unparse(call.args[0]) for call, name, _ in _calls(module) if name == "import_module"]
    assert tuple(named) == IMPORTS.get(module, ())


def test_no_text_reaches_a_shell(module: str) -> None:
    """No `shell=` anywhere, no os.system and its like; two modules start a program, by a list of words."""
    for call, name, before in _calls(module):
        assert not [each for each in call.keywords if each.arg == "shell"]
        assert not (name in SHELLS and isinstance(before, ast.Name) and before.id in ("os", "subprocess"))
        if isinstance(before, ast.Name) and before.id == "subprocess":
            assert module in COMMANDS
            assert not call.args or _is_list(call.args[0], module)
    assert module in COMMANDS or "subprocess" not in imported(module)


def _is_list(node: ast.expr, module: str) -> bool:
    """A list that is written down, or a name that is only ever given one."""
    if not isinstance(node, ast.Name):
        return isinstance(node, ast.List)
    given = [
        each.value
        for each in ast.walk(tree_of(modules()[module]))
        if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == node.id
    ]
    return bool(given) and all(isinstance(each, ast.List) for each in given)


def test_no_value_is_a_format_string(module: str) -> None:
    """`format`, `format_map` and `%` are given texts of ours: literals, constants, or declared."""
    for call, name, before in _calls(module):
        if name in ("format", "format_map") and before is not None:
            ours = _is_ours(before) or FORMATS.get(module) == ast.unparse(before)
            assert ours, f"{module}:{call.lineno}"
    for node in ast.walk(tree_of(modules()[module])):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            is_product = isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Mult)
            ours = _is_ours(node.left) or is_product or NUMBERS.get(module) == ast.unparse(node)
            assert ours, f"{module}:{node.lineno}"


def _is_ours(node: ast.expr) -> bool:
    """A literal or a CONSTANT."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    return isinstance(node, ast.Name) and node.id.isupper()


def test_yaml_is_parsed_to_events_only(module: str) -> None:
    """PyYAML's loaders make objects of tags; nobody calls one, and only the room of YAML imports it at all."""
    if "yaml" in {each.split(".")[0] for each in imported(module)}:
        assert module.startswith("reconciler.yaml")
    for node in ast.walk(tree_of(modules()[module])):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "yaml":
            assert node.attr not in LOADS, f"{module}:{node.lineno}"


def test_paths_are_made_where_it_is_declared(module: str) -> None:
    """A path is made of a text in few places, each of which says whose text that is; the state's path and the names of
    environments, which become part of one, come from the settings."""
    made = [call.lineno for call, name, _ in _calls(module) if name in ("Path", "PurePath", "PosixPath") and call.args]
    assert not made or module in PATHS, f"{module}:{made}"
    assert made or module not in PATHS, "makes no path any more: take it out of the table"
