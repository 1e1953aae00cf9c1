"""Expands the resources of one environment, and leaves out those that `only_in` excludes from it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase

from reconciler import config
from reconciler.config.merge import ConfigItem, Expansion
from reconciler.config.values import NO_FOR_EACH, Substitution, Written
from reconciler.errors import Location
from reconciler.text import cite, cut, find_misspelt, offer, suggest_close
from reconciler.yaml import LocatedMap


def expand(
    resources: Mapping[str, Written], substitution: Substitution, environments: Collection[str], most: int
) -> Expansion:
    """The resources of the environment of `substitution`, which collects the problems.

    `environments` names all environments; it is empty if they are not known. `most` limits the values of all instances.
    """
    found = Expansion()
    definitions: list[tuple[str, Written, Location | None]] = []
    for address, written in resources.items():
        substitution.subject = address
        node = written.node if isinstance(written.node, LocatedMap) else LocatedMap()
        left_out = _find_left_out(written, substitution, environments) if "only_in" in node else None
        if "for_each" in node:
            definitions.append((address, written, left_out))
            continue
        if left_out is not None:
            found.left_out[address] = left_out
            continue
        for name in ("exclude", "key"):
            if name in node:
                message = f"{cut(address)}: {name}: expected for_each beside it"
                substitution.refuse(written.locate(name, key=True), message)
        # A misspelt for_each is the problem, and no item of it. difflib is slow, so it sees few keys.
        is_misspelt = any(find_misspelt(key, ["for_each"]) for key in node if key[:3] in ("for", "For"))
        value = substitution.resolve(written.node, written.value_location, "" if is_misspelt else NO_FOR_EACH)
        found.resources[address] = ConfigItem(address, value, written)
    if definitions:
        config.for_each.expand_definitions(definitions, substitution, found, most)
    return found


def _find_left_out(written: Written, substitution: Substitution, environments: Collection[str]) -> Location | None:
    """The location of the `only_in` that leaves a resource out of the environment; None if it stays."""
    names = substitution.read_word(written, "only_in")
    if not isinstance(names, list) or not names or not all(isinstance(each, str) for each in names):
        return None
    for index, name in enumerate(names):
        place = written.locate("only_in", index)
        if place in substitution.unknown:
            return None
        if environments and not any(fnmatchcase(each, name) for each in environments):
            expected = f"expected {offer(list(environments))}{suggest_close(name, environments)}"
            message = f"only_in: there is no environment {cite(name)}; {expected}"
            substitution.refuse(place, f"{cut(substitution.subject)}: {message}")
    here = substitution.environment
    is_here = here is None or any(fnmatchcase(here.name, name) for name in names)
    return None if is_here else written.locate("only_in")
