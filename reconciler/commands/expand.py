"""What a configuration comes to for an environment, offline."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from reconciler.config.load import read_configuration
from reconciler.kinds import KINDS
from reconciler.kinds.references import references
from reconciler.model.inputs import Desired
from reconciler.plan.references import find_targets


def expand(path: Path, environment: str | None, targets: Collection[str]) -> Desired:
    """What the configuration wants of an environment: all of it, or the targets with what they refer to.

    ConfigurationInvalid with every problem of that environment; WrongUsage if it, or a target, does not exist.
    """
    configuration = read_configuration(path)
    desired = configuration.desired(configuration.environment(environment))
    return _narrowed(desired, targets) if targets else desired


def _narrowed(desired: Desired, targets: Collection[str]) -> Desired:
    gone = (*(each.source for each in desired.moved), *(each.source for each in desired.removed))
    known = {*desired.resources, *gone}
    queue = [address for target in targets for address in find_targets(target, known)]
    kept: set[str] = set()
    while queue:
        address = queue.pop()
        resource = desired.resources.get(address)
        if address not in kept and resource is not None:
            queue += (target for target, *_ in references(KINDS[resource.kind], resource.fields))
        kept.add(address)
    return replace(
        desired,
        resources={address: each for address, each in desired.resources.items() if address in kept},
        moved=tuple(each for each in desired.moved if kept & {each.source, each.target}),
        removed=tuple(each for each in desired.removed if each.source in kept),
        imports=tuple(each for each in desired.imports if each.target in kept),
    )
