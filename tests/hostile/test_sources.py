"""No value of a user's or of the API's becomes code, a command, a template or a path: read from the sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from architecture.imports import imported, modules, nodes_of

EXECUTES = frozenset({"eval", "exec", "compile", "__import__", "execfile"})
ROADS = frozenset({"pickle", "marshal", "shelve", "dill", "code", "codeop", "runpy", "pty", "commands", "xmlrpc"})
SHELLS = frozenset({"system", "popen", "spawnl", "spawnv", "spawnvp", "execv", "execvp", "execl", "getoutput"})
LOADS = frozenset({"load", "load_all", "unsafe_load", "full_load", "FullLoader", "UnsafeLoader", "Loader"})

COMMANDS = {"reconciler.api.secret", "reconciler.git.command"}
"""Start programs: git, with a list of words of our own; what the user named to ask for the key, with the user's."""
STARTER = "reconciler.system"
"""Starts them for these two, by `run_program`."""

PATHS = {
    "reconciler.commands.test": "a temporary folder, as tempfile names it",
    "reconciler.policies": "the ready rules of the package",
    "reconciler.project": "the folder that a program names",
    "reconciler.testing": "a temporary folder, as tempfile names it",
    "reconciler.config.locations": "a place that the configuration was read from",
    "reconciler.apply.execute": "the source file of a fault of ours, for its name",
    "reconciler.commands.apply": "the folder that a saved plan names, if it is below the current one",
    "reconciler.commands.base_plan": "the names of changed files, as git lists them, to see what they are below",
    "reconciler.plan.approval": "the file that --expect-digest @FILE names",
    "reconciler.commands.drift": "a place that the configuration was read from",
    "reconciler.commands.comment": "the files that a runner's GITHUB_EVENT_PATH and GITHUB_STEP_SUMMARY name",
    "reconciler.cli.main": "the source file of a fault of ours, for its name",
    "reconciler.cli.live": "the folder that a person names, in the place of an address",
    "reconciler.cli.options": "the files that --report names",
    "reconciler.commands.imports": "a place that the configuration was read from",
    "reconciler.commands.simulate": "the folder for the simulator's data, as tempfile names it",
    "reconciler.config.defaults": "a place that the configuration was read from",
    "reconciler.config.files": "what the file system lists, if it is below the folder; the parents of that folder",
    "reconciler.config.load": "a place that the configuration was read from",
    "reconciler.model.inputs": "a place that the configuration was read from, to compare its end",
    "reconciler.config.settings": "the folder of the configuration, to be named by its path from the top",
    "reconciler.api.secret": "the program of the user's secret_command, as it is written",
    "reconciler.git.history": "the list of the commits that a shallow clone lacks, as git names it",
    "reconciler.git": "the folder that a repository is looked for from, and upward",
    "reconciler.system": "an entry of PATH, and what was found there",
    "reconciler.state.file": "the state's own path, its links followed",
    "reconciler.state.git_repository": "an address of the state's remote, to see whether it lies within the checkout",
    "reconciler.state.operations": "the state's own path, its links followed",
    "reconciler.commands.state": "the argument of `state migrate --from file:PATH`",
    "reconciler.output.labels": "a file of the configuration and GITHUB_WORKSPACE, to be named and not opened",
    "reconciler.output.document": "the schemas of the package",
    "reconciler.simulator.store": "the file that the command line names",
}
"""Make paths of texts, and of which."""


FORMATS = {
    "reconciler.commands.probe": "form",
    "reconciler.forges.forge": "form",
    "reconciler.plan.compare": "text",
    "reconciler.state.backend": "url",
}
"""Format what a table of constants holds: addresses of CI systems, paths of hosts, wrong YAML, what a probe sends."""

IMPORTS = {
    "reconciler.lazy": ("module", "submodule"),
    "reconciler": ("f'{__name__}.{module}'",),
    "reconciler.__main__": ("'signal'", "'signal'", "'_thread'", "'time'"),
}
"""Import a module by a name: a constant, that of a table of constants, or that of an attribute in our own code."""

NUMBERS = {
    "reconciler.kinds.declaration": {"at % 60"},
    "reconciler.kinds.local_time": {
        "moment.minute % grid",
        "(minutes * MINUTE - offset) % (grid * MINUTE)",
        "(local * MINUTE - each) % (grid * MINUTE)",
        "each % (grid * MINUTE)",
        "at // 60 % 24",
        "at % 60",
    },
    "reconciler.simulator.faults": {"self.matched % self._every"},
}
"""Divide numbers by numbers."""


def _calls(module: str) -> Iterator[tuple[ast.Call, str, ast.expr | None]]:
    """Each call, the last word of what is called, and what stands before its dot."""
    for node in nodes_of(modules()[module]):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield node, node.func.attr, node.func.value
            elif isinstance(node.func, ast.Name):
                yield node, node.func.id, None


def _library(name: str) -> str:
    return name.partition(".")[0]


def test_no_text_becomes_code() -> None:
    """No eval, no exec, no pickle and their like, no import by a name that is a value."""
    assert [offence for module in modules() for offence in _executed(module)] == []


def _executed(module: str) -> Iterator[str]:
    for call, name, before in _calls(module):
        if name in EXECUTES and before is None:
            yield f"{module}:{call.lineno}: calls {name}"
    yield from (f"{module}: imports {each}" for each in imported(module) if _library(each) in ROADS)
    named = [ast.unparse(call.args[0]) for call, name, _ in _calls(module) if name == "import_module"]
    if tuple(named) != IMPORTS.get(module, ()):
        yield f"{module}: imports by the names {named}"


def test_no_text_reaches_a_shell() -> None:
    """No `shell=` anywhere, no os.system and its like; two modules start a program, by a list of words."""
    assert [offence for module in modules() for offence in _started(module)] == []


def _started(module: str) -> Iterator[str]:
    if module != STARTER and "subprocess" in imported(module):
        yield f"{module}: imports subprocess"
    for call, name, before in _calls(module):
        owner = before.id if isinstance(before, ast.Name) else ""
        if any(each.arg == "shell" for each in call.keywords):
            yield f"{module}:{call.lineno}: has shell="
        if name in SHELLS and owner in ("os", "subprocess"):
            yield f"{module}:{call.lineno}: calls {name}"
        if name == "run_program" and not (module in COMMANDS and _is_list(call.args[0], module)):
            yield f"{module}:{call.lineno}: starts what is no list of words"


def _is_list(node: ast.expr, module: str) -> bool:
    """A list that is written down, or a name that is only ever given one."""
    if not isinstance(node, ast.Name):
        return isinstance(node, ast.List)
    given = [
        each.value
        for each in nodes_of(modules()[module])
        if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == node.id
    ]
    return bool(given) and all(isinstance(each, ast.List) for each in given)


def test_no_value_is_a_format_string() -> None:
    """`format`, `format_map` and `%` are given texts of ours: literals, constants, or declared."""
    assert [offence for module in modules() for offence in _formatted(module)] == []


def _formatted(module: str) -> Iterator[str]:
    for call, name, before in _calls(module):
        if name not in ("format", "format_map") or before is None:
            continue
        if not (_is_ours(before) or FORMATS.get(module) == ast.unparse(before)):
            yield f"{module}:{call.lineno}: formats {ast.unparse(before)}"
    for node in nodes_of(modules()[module]):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            is_product = isinstance(node.left, ast.BinOp) and isinstance(node.left.op, ast.Mult)
            if not (_is_ours(node.left) or is_product or ast.unparse(node) in NUMBERS.get(module, ())):
                yield f"{module}:{node.lineno}: formats {ast.unparse(node.left)}"


def _is_ours(node: ast.expr) -> bool:
    """A literal or a CONSTANT."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, str)
    return isinstance(node, ast.Name) and node.id.isupper()


def test_yaml_is_parsed_to_events_only() -> None:
    """PyYAML's loaders make objects of tags; nobody calls one, and only the package of YAML imports it at all."""
    importers = [name for name in modules() if "yaml" in map(_library, imported(name))]
    assert [name for name in importers if not name.startswith("reconciler.yaml")] == []
    loads = [
        f"{name}:{node.lineno}: {node.attr}"
        for name, path in modules().items()
        for node in nodes_of(path)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "yaml"
        if node.attr in LOADS
    ]
    assert loads == []


def test_paths_are_made_where_it_is_declared() -> None:
    """A path is made of a text in few places, each of which says whose text that is; the state's path and the names of
    environments, which become part of one, come from the settings."""
    makers = {
        module
        for module in modules()
        for call, name, _ in _calls(module)
        if name in ("Path", "PurePath", "PosixPath") and call.args
    }
    assert sorted(makers - set(PATHS)) == [], "make paths, and are not in the table"
    assert sorted(set(PATHS) - makers) == [], "make no path any more: take them out of the table"
