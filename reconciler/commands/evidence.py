"""What git says to a plan: why something is not configured any more, and how old this checkout is."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

from reconciler.commands.session import Planned, Session
from reconciler.config.files import SETTINGS_FILE, is_resources
from reconciler.errors import GitUnusable
from reconciler.git.history import DEEPEN, Listing, find_age, find_removal, list_folder, read_on_default_branch
from reconciler.model.inputs import Desired, Entry, State
from reconciler.model.plan import WRITES, Action, Change, Plan, Refusal
from reconciler.model.reports import Commit
from reconciler.state.backend import Snapshot
from reconciler.system import make_relative_path
from reconciler.text import abridge

MISSING_FILES = "missing-files"
BEHIND = "behind"
PASSES_BEHIND = f"a newer checkout (git pull, git rebase), or --allow {BEHIND} if what is newer is to be undone"
FEW = 5
"""How many files are asked for the commit that took them away, and how many of anything a sentence names."""
name_few = partial(abridge, most=FEW, rest=" and # more")


def add_reasons(planned: Planned, session: Session, allowed: Collection[str]) -> Planned:
    """The plan with the reason why each address goes that is not in the configuration any more.

    Gets a refusal if git keeps a file off the disk (sparse checkout, skip-worktree, submodule) that held such an
    address, the settings, or defaults that would win over those that are sent. Git is asked only if something goes, if
    defaults are sent, or if there are no settings: a call costs a few milliseconds.
    """
    folder, plan, desired = session.configuration.folder, planned.plan, planned.desired
    going = dict(_find_going(planned))
    inherited = dict(_find_inherited(plan, desired, folder)) if session.configuration.merged.defaults else {}
    has_settings = os.path.lexists(folder / SETTINGS_FILE)
    if has_settings and not going and not inherited:
        return planned
    listing, warnings = Listing(), plan.warnings
    try:
        listing = list_folder(folder) if session.asks_git else listing
    except GitUnusable as error:
        warnings = (*warnings, f"git cannot say why a file is not there, so it counts as removed: {error}")
    found = _FileEvidence(folder, listing, desired)
    reasons = {address: found.find_reason(address, entry) for address, entry in going.items()}
    missing = [address for address, entry in going.items() if found.is_kept_off(entry)]
    altered = [address for address, each in inherited.items() if found.has_hidden_defaults(*each)]
    lacks_settings = listing.is_kept_off(SETTINGS_FILE) and not has_settings
    if MISSING_FILES not in allowed and (missing or altered or lacks_settings):
        refusal = _make_refusal(missing, altered, found.off or [SETTINGS_FILE])
        plan = replace(plan, refusals=(*plan.refusals, refusal))
    elif found.off and going:
        warnings = (*warnings, f"git keeps {name_few(found.off)} off the disk; what stands there is not in this plan")
    return _set_reasons(replace(planned, plan=replace(plan, warnings=warnings)), reasons, missing)


def add_undo_reasons(planned: Planned, receipt: str) -> Planned:
    """The plan of a way back with why each object goes."""
    reason = f"the apply that made it is taken back: {receipt}"
    return _set_reasons(planned, {change.address: reason for change in planned.plan.changes}, ())


def _set_reasons(planned: Planned, reasons: Mapping[str, str], missing: Collection[str]) -> Planned:
    """A delete, and what goes since its file is missing, gets its reason."""
    changes = [
        replace(change, reason=reasons[change.address])
        if change.address in reasons and (change.action is Action.DELETE or change.address in missing)
        else change
        for change in planned.plan.changes
    ]
    return replace(planned, plan=replace(planned.plan, changes=tuple(changes)))


def add_behind(planned: Planned, folder: Path, tip: str = "") -> Planned:
    """The plan with the changes that would undo a newer commit: the one that wrote the object last, or deleted it, and
    that this checkout does not have. The state is marked if the default branch has a newer one.

    `tip` is the commit that the plan was compared with. Git is asked only if a commit is known of an object that
    changes.
    """
    plan = planned.plan
    wrote = {change.address: set(_find_commits(change, plan, planned.state)) for change in plan.changes}
    found: dict[str, Commit] = {}
    warnings = plan.warnings
    try:
        asked = set().union(*wrote.values())
        age = find_age(folder, asked, head=planned.head, tip=tip) if asked else None
    except GitUnusable as error:
        age = None
        warnings = (*warnings, f"git cannot say whether this checkout is older than what was applied: {error}")
    if age is not None:
        for address, commits in wrote.items():
            for commit in sorted(commits & age.newer.keys()):
                found[address] = Commit(commit, age.newer[commit])
        doubtful = [address for address, commits in wrote.items() if commits & age.unknown and address not in found]
        if doubtful:
            fetch = DEEPEN if age.is_shallow else "if a branch has it, git fetch brings it"
            message = (
                f"whether this checkout is older than the commit that wrote {name_few(doubtful)} last is not known"
            )
            warnings = (*warnings, f"{message}: this clone does not have that commit; {fetch}")
    snapshot = _compare_to_committed(planned.snapshot) if plan.changes else planned.snapshot
    return replace(planned, plan=replace(plan, warnings=warnings), snapshot=snapshot).with_behind(found)


def _compare_to_committed(snapshot: Snapshot) -> Snapshot:
    """The snapshot, marked as old if its file has a higher serial on the default branch: an old checkout brings back an
    old state, perhaps with its receipts. Not marked if git fails."""
    state = snapshot.state
    if snapshot.file is None or snapshot.newer or not state.lineage:
        return snapshot
    try:
        there = json.loads(read_on_default_branch(snapshot.file))
        lineage, serial = there["lineage"], int(there["serial"])
    except (GitUnusable, ValueError, TypeError, KeyError, RecursionError):
        return snapshot
    if lineage != state.lineage or serial <= state.serial:
        return snapshot
    return replace(snapshot, newer=f"that of the default branch (serial {serial})", newest=serial)


def describe_behind(changes: Mapping[str, Commit], snapshot: Snapshot) -> Iterator[str]:
    """What a plan says of changes that are behind, and of a state that is older than a receipt beside it."""
    if changes:
        commits = name_few([f"{address} ({commit})" for address, commit in changes.items()])
        yield f"this checkout is older than the commits that wrote these objects last: {commits}"
    if snapshot.newer:
        yield f"the state is older than {snapshot.newer}: an earlier one was brought back"


class _FileEvidence:
    """What the disk and git tell of the files that addresses stood in."""

    def __init__(self, folder: Path, listing: Listing, desired: Desired) -> None:
        self._folder = folder
        self._desired = desired
        self._listing = listing
        self._reasons: dict[str, str] = {}
        self.off = sorted(
            each for each in listing.kept_off if each.endswith("/") or is_resources(PurePosixPath(each).name)
        )

    def is_kept_off(self, entry: Entry) -> bool:
        """Whether git keeps the file off the disk; if the file is not known, whether it keeps any."""
        if not entry.file:
            return bool(self.off)
        return not os.path.lexists(self._folder / entry.file) and self._listing.is_kept_off(entry.file)

    def has_hidden_defaults(self, file: str, origins: Collection[str]) -> bool:
        """Whether git keeps a file off the disk whose defaults would win, in the file, over those of the origins."""
        near = PurePosixPath(file).parents
        folders = {PurePosixPath(each).parent for each in self.off}
        farther = [PurePosixPath(each).parent for each in origins]
        return any(each in near and far in each.parents for each in folders for far in farther)

    def find_reason(self, address: str, entry: Entry) -> str:
        """Why an address is not in the configuration."""
        file, is_kept_off = entry.file, self.is_kept_off(entry)
        if not is_kept_off and (found := self._desired.explain_gone(address, file)):
            return found
        if file not in self._reasons:
            reason = f"its file {file} has gone"
            if is_kept_off:
                reason = f"git keeps {file or name_few(self.off)} off the disk"
            elif not file:
                reason = "it is not in the configuration any more"
            elif os.path.lexists(self._folder / file):
                reason = f"its block has gone from {file}"
            elif file in self._listing.tracked:
                reason += " (not committed)"
            elif len(self._reasons) < FEW and (commit := find_removal(self._folder, file, entry.commit)):
                reason += f" (in {Commit(*commit)})"
            self._reasons[file] = reason
        return self._reasons[file]


def _find_going(planned: Planned) -> Iterator[tuple[str, Entry]]:
    """The addresses that go, and the only reason is that they are not in the configuration."""
    desired, entries, plan = planned.desired, planned.state.entries, planned.plan
    reviewed = {each.source for each in desired.removed}
    for change in plan.changes:
        entry = entries.get(plan.moved.get(change.address, change.address))
        is_removal = change.action in (Action.DELETE, Action.FORGET) and change.address not in desired.resources
        if entry is not None and is_removal and change.address not in reviewed:
            yield change.address, entry


def _find_inherited(plan: Plan, desired: Desired, folder: Path) -> Iterator[tuple[str, tuple[str, set[str]]]]:
    """The addresses that get values from defaults of other files: the file of the resource, and those files."""
    for change in plan.changes:
        resource = desired.resources.get(change.address)
        if resource is not None and change.action in WRITES:
            places = {resource.locate_field(each.path).file for each in change.fields} - {resource.location.file}
            origins = {make_relative_path(each, folder) for each in places}
            if origins := origins - {SETTINGS_FILE}:
                yield change.address, (resource.file, origins)


def _make_refusal(addresses: list[str], altered: list[str], files: list[str]) -> Refusal:
    counts = f", and {name_few(addresses)} would count as removed" if addresses else ""
    counts += f", and {name_few(altered)} would get other defaults" if altered else ""
    return Refusal(
        MISSING_FILES,
        f"git keeps files of the configuration off the disk ({name_few(files)}){counts}",
        "git sparse-checkout disable, git update-index --no-skip-worktree FILE, or git submodule update --init; or "
        f"--allow {MISSING_FILES} if what stands there is to go",
    )


def _find_commits(change: Change, plan: Plan, state: State) -> Iterator[str]:
    """The commits that wrote the object of a change last, or deleted the one that had its address."""
    entry = state.entries.get(plan.moved.get(change.address, change.address))
    if entry is not None and entry.commit:
        yield entry.commit
    if change.action is Action.CREATE:
        yield from (each.commit for each in state.tombstones.values() if each.address == change.address and each.commit)
