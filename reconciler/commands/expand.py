"""What a configuration comes to for an environment, offline."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from reconciler.config.load import Configuration
from reconciler.kinds import KINDS
from reconciler.kinds.references import references
from reconciler.model.inputs import Desired
from reconciler.plan.references import find_targets


def expand(path: Path, environment: str | None, targets: Collection[str]) -> Desired:
    """What the configuration wants of an environment: all of it, or the targets with what they refer to.

    ConfigurationInvalid with every problem of that environment; WrongUsage if it, or a target, does not exist.
    """
    configuration = Configuration(path)
    desired = configuration.desired(configuration.environment(environment))
    return _narrowed(desired, targets) if targets else _without_left_out(desired)


def _without_left_out(desired: Desired) -> Desired:
    """Without the blocks that name what `only_in` leaves out: what is printed has no `only_in` that explains them."""
    left_out = desired.left_out.keys() - desired.resources.keys()
    return replace(
        desired,
        moved=tuple(each for each in desired.moved if each.target not in left_out),
        imports=tuple(each for each in desired.imports if each.target not in left_out),
    )


def _narrowed(desired: Desired, targets: Collection[str]) -> Desired:
    queue = [address for target in targets for address in find_targets(target, desired.resources, desired)]
    kept: set[str] = set()
    while queue:
        resource = desired.resources[queue.pop()]
        if resource.address not in kept:
            kept.add(resource.address)
            queue += (target for target, *_ in references(KINDS[resource.kind], resource.fields))
    return replace(
        desired,
        resources={address: each for address, each in desired.resources.items() if address in kept},
        moved=tuple(each for each in desired.moved if each.target in kept),
        removed=(),
        imports=tuple(each for each in desired.imports if each.target in kept),
    )
