"""What the configuration wanted at the merge base with another branch: read from git's objects, compared to a plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field, replace
from functools import lru_cache, partial
from pathlib import Path

from reconciler.commands.session import Planned
from reconciler.config.committed import Committed
from reconciler.config.load import Configuration
from reconciler.errors import ConfigurationInvalid, ReconcilerError
from reconciler.git.checkout import Checkout, find_checkout
from reconciler.git.history import find_merge_base, read_subject
from reconciler.lazy import frozen
from reconciler.model.inputs import Desired
from reconciler.model.plan import Action
from reconciler.model.reports import Commit, Scope
from reconciler.model.settings import Environment
from reconciler.plan.build import keep_only, make_plan
from reconciler.plan.guards import Options
from reconciler.review.review import find_scopes
from reconciler.text import abridge

NEEDS_REPOSITORY = "--base compares with an earlier commit of the configuration"
ELSEWHERE = "run this in a clone of the repository, or leave --base out"
ALL_OURS = "so every change counts as this pull request's"


@frozen
class BasePlan:
    """The configuration at a commit. `desired` is None if the environment is missing or invalid there, and `warnings`
    say why. `tip` is the commit that `--base` names, and `find_tip` reads the configuration there. `environment` is
    what its `reconciler.yaml` says of the environment."""

    commit: str
    desired: Desired | None
    warnings: tuple[str, ...] = field(default=())
    tip: str = ""
    find_tip: Callable[[], BasePlan] | None = None
    environment: Environment | None = None


def read_base_plan(configuration: Configuration, environment: Environment, ref: str) -> BasePlan:
    """The configuration at the merge base of HEAD and `ref`. WrongUsage or GitUnusable if git does not find that; a
    configuration that is invalid there is a warning."""
    checkout, commit, tip = _find_base(configuration, ref)
    read = partial(_read, configuration, environment, checkout)
    return replace(read(commit), tip=tip, find_tip=partial(read, tip))


def find_removed(configuration: Configuration, ref: str) -> list[str]:
    """The environments with resources at the merge base of HEAD and `ref` that `reconciler.yaml` does not have now."""
    checkout, commit, _ = _find_base(configuration, ref)
    before = _read_commit(configuration, checkout, commit)[1]
    return [name for name in before.environments if name not in configuration.environments and before.merged.resources]


# Several environments of one command have it in common.
@lru_cache(2)
def _find_base(configuration: Configuration, ref: str) -> tuple[Checkout, str, str]:
    """The repository, the merge base of HEAD and `ref`, and the commit of `ref`."""
    checkout = find_checkout(configuration.folder, what=NEEDS_REPOSITORY, otherwise=ELSEWHERE)
    return checkout, *find_merge_base(checkout, ref)


@lru_cache(2)  # the merge base and the tip
def _read_commit(configuration: Configuration, checkout: Checkout, commit: str) -> tuple[Committed, Configuration]:
    source = Committed(configuration.path, checkout, commit)
    return source, Configuration(configuration.path, source)


def _read(configuration: Configuration, environment: Environment, checkout: Checkout, commit: str) -> BasePlan:
    source, before = _read_commit(configuration, checkout, commit)
    files = {resource.location.file for resource in configuration.merged.resources.values()}
    notes = [
        f"{configuration.folder / each} is a submodule: what it held at the base is not read, and counts as new"
        for each in source.modules
        if any(Path(file).is_relative_to(configuration.folder / each) for file in files)
    ]
    try:
        before.require_sound_settings()
        known = before.environments.get(environment.name)
        if known is None:
            notes.append(f"at the base {commit[:12]} there is no environment {environment.name}, {ALL_OURS}")
            return BasePlan(commit, None, tuple(notes))
        return BasePlan(commit, before.desired(known), tuple(notes), environment=known)
    except ConfigurationInvalid as error:
        problems = abridge(map(str, error.problems), rest="; and # more", separator="; ")
        notes.append(f"the configuration at the base {commit[:12]} is invalid, {ALL_OURS}: {problems}")
        return BasePlan(commit, None, tuple(notes))


def add_scopes(planned: Planned, base: BasePlan, options: Options) -> Planned:
    """The plan with the scope of each change: the configuration of the base is planned with the same state and live
    objects. If that fails, every change is in the scope of the pull request, with a warning."""
    made, before, warnings = planned.plan, None, base.warnings
    try:
        if base.desired is not None:
            # Without targets: they may not exist there yet, and that would be an error.
            before = make_plan(base.desired, planned.state, planned.live, replace(options, targets=()))
    except ReconcilerError as error:
        reason = " ".join(str(error).split())
        note = f"the configuration at the base {base.commit[:12]} cannot be planned, {ALL_OURS}: {reason}"
        warnings = (*warnings, note)
    scopes = find_scopes(made, before)
    if options.only_scope:
        # The changes of the pull request, and those that they need.
        ours = {address for address, scope in scopes.items() if scope is Scope.PULL_REQUEST}
        made = keep_only(made, ours, planned.desired, planned.state, planned.live, options)
        scopes = {change.address: scopes[change.address] for change in made.changes}
    made = replace(made, warnings=(*made.warnings, *warnings))
    return replace(planned, plan=made, scopes=scopes, base=base.commit, before=base.desired or planned.before)


def add_behind_tip(planned: Planned, base: BasePlan, options: Options, folder: Path) -> Planned:
    """The plan with the pending changes that the tip of the base does not want: there, these objects are wanted as they
    are live.

    The configuration of the tip is read only if something is pending, and if the tip is not the merge base itself.
    """
    pending = [each for each in planned.plan.changes if planned.scopes.get(each.address) is Scope.PENDING]
    wanted = base.find_tip().desired if pending and base.find_tip and base.tip != base.commit else None
    if wanted is None:
        return planned
    try:
        there = make_plan(wanted, planned.state, planned.live, replace(options, targets=()))
    except ReconcilerError:
        return planned
    changed = {change.address for change in there.changes}
    going = {change.address for change in pending if change.action in (Action.DELETE, Action.FORGET)}
    kept = going & wanted.resources.keys()
    found = [each.address for each in pending if each.address in kept or each.address not in going | changed]
    behind = dict.fromkeys(found, Commit(base.tip, read_subject(folder, base.tip))) if found else {}
    return planned.with_behind(behind)
