"""The guards that need only a plan and its inputs. Each names the flag or the step that passes it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from reconciler.errors import DELETE
from reconciler.kinds import KINDS
from reconciler.lazy import frozen, load
from reconciler.model.addresses import ObjectRef, address_kind
from reconciler.model.inputs import Desired, Entry, Live, State
from reconciler.model.plan import DESTROYS, Action, Change, Refusal
from reconciler.model.settings import Environment, Freeze
from reconciler.text import COUNTED, abridge, counted

EPOCH = datetime.fromtimestamp(0, UTC)
SHARE, FROM = 0.30, 10
"""A share of fewer objects says nothing: one of three is a third."""
SHOWN = 3  # objects that a refusal names of each kind
DAY, SOON = timedelta(days=1), 7
"""A window of `freeze` is told from so many days before it."""
EMPTY_CONFIGURATION = "empty-configuration"
FROZEN = "frozen"
MAX_DELETES = "max-deletes"
PREVENT_DESTROY = "prevent-destroy"
PRUNE_WITHOUT_STATE = "prune-without-state"
VANISHED = "vanished"
WRONG_PROJECT = "wrong-project"


@frozen
class Options:
    """What the command line asks of a plan. `max_deletes` takes the place of the `limit` that the settings give and of
    the default share; None: both hold. `now` (UTC) is for what has a date to end at, and for local times, which are
    read by `zone_data`. `api` is the API's address. Without `to_apply`, nobody judges what is sent; without `judged`,
    no policy judges the plan. `only_clock`: only the changes that the clocks alone bring about. `undo` names a receipt
    to take back, instead of the YAML. `base` is a commit or branch to compare with: `only_scope` leaves out what is not
    due to the changes since then, and `strict_scope` refuses it."""

    targets: tuple[str, ...] = ()
    prune: bool = False
    max_deletes: int | None = None
    allowed: frozenset[str] = frozenset()
    now: datetime = EPOCH
    api: str = ""
    to_apply: bool = True
    judged: bool = True
    only_clock: bool = False
    zone_data: str = ""
    limit: int | None = None
    undo: str | None = None
    base: str | None = None
    only_scope: bool = False
    strict_scope: bool = False


def find_refusals(
    desired: Desired, state: State, live: Live, changes: Sequence[Change], options: Options
) -> tuple[Refusal, ...]:
    """The guards that refuse this plan. `state` has moved entries at their new address."""
    entries = state.entries
    found = [*_refuse_protected(state, changes), *_refuse_closed(changes)]
    found += _refuse_too_many(entries, live, changes, options)
    if entries and not desired.resources:
        text = f"the configuration holds nothing, while the state holds {counted(len(entries), 'object')}"
        passes = f"--allow {EMPTY_CONFIGURATION}, if all of them are to go"
        found.append(Refusal(EMPTY_CONFIGURATION, text, passes))
    # One cause, one refusal: if no object at all is live, the kinds are not reported one by one.
    found += _refuse_wrong_project(entries, live) or find_vanished(entries, live)
    pruned = sum(change.action is Action.DELETE for change in changes)
    if options.prune and pruned and not entries:
        text = f"--prune would delete {counted(pruned, 'object')}, and the state holds nothing"
        text += ": is this another project's key, or was the state lost?"
        passes = f"the right key; one apply without --prune; or --allow {PRUNE_WITHOUT_STATE}, if all of them are to go"
        found.append(Refusal(PRUNE_WITHOUT_STATE, text, passes))
    return tuple(refusal for refusal in found if refusal.guard not in options.allowed)


def _refuse_wrong_project(entries: Mapping[str, Entry], live: Live) -> list[Refusal]:
    known = {address: entry for address, entry in entries.items() if address_kind(address) in live.records}
    lost = [address for address, entry in known.items() if entry.id not in live.records[address_kind(address)]]
    if not known or len(lost) < len(known):
        return []
    where = "in the state that this looked at" if len(known) < len(entries) else "in the state"
    text = f"none of the {counted(len(known), 'object')} {where} is live: is this another project's key?"
    passes = f"the right key or environment, or --allow {WRONG_PROJECT} if they were all deleted outside"
    return [Refusal(WRONG_PROJECT, text, passes)]


def find_vanished(entries: Mapping[str, Entry], live: Live) -> list[Refusal]:
    """The refusal if too many of the remembered objects of one kind are not live; a list without it else."""
    known, lost = Counter(map(address_kind, entries)), defaultdict(list)
    for address, entry in entries.items():
        if entry.id not in live.records.get(address_kind(address), {entry.id: None}):
            lost[address_kind(address)].append(f"{address} ({entry.id})")
    texts = [
        f"{len(each)} of {known[name]} {KINDS[name].section} in the state are not live: {abridge(each, SHOWN, COUNTED)}"
        for name, each in lost.items()
        if (len(each) == known[name] and len(each) > 1) or (known[name] >= FROM and len(each) > SHARE * known[name])
    ]
    passes = "the right key or environment; plan again later, as the list of the API may be short; if they were "
    passes += f"deleted outside, --allow {VANISHED} on `plan` and `apply`: what is still written is created again"
    return [Refusal(VANISHED, "; ".join(texts), passes)] if texts else []


def _refuse_protected(state: State, changes: Sequence[Change]) -> Iterator[Refusal]:
    for change in changes:
        if change.action not in DESTROYS:
            continue
        kept = state.tombstones.get(str(ObjectRef(change.kind, change.id or "")))
        # As the configuration says if it has the resource, else as the state says.
        remembered = change.remember or state.entries.get(change.address)
        if remembered is not None and remembered.protected:
            what = change.address
            passes = "`lifecycle: {prevent_destroy: false}`, written for a replace, applied once before a delete"
        elif kept is not None and kept.protected:
            what = f"{change.address}, which was {kept.address},"
            passes = f"`removed: [{{from: {kept.address}, destroy: false}}]`, applied once"
        else:
            continue
        text = f"{what} is protected by prevent_destroy, and this plan would {change.action.value} it"
        yield Refusal(PREVENT_DESTROY, text, passes)


def _refuse_closed(changes: Sequence[Change]) -> Iterator[Refusal]:
    """The refusals for kinds of which a delete may cost people something, and has to be allowed by name."""
    for kind in KINDS.values():
        gone = [change for change in changes if change.kind == kind.name and change.action in DESTROYS]
        if kind.endpoints.closed and gone:
            name, ends = f"{DELETE}{kind.name}", f"this plan ends {abridge(change.address for change in gone)}"
            text = f"deletes of {kind.section} are closed, and {ends}; this loses {kind.messages.lost_on_delete}"
            yield Refusal(name, text, f"--allow {name}, on `plan` and `apply`")


def _refuse_too_many(
    entries: Mapping[str, Entry], live: Live, changes: Sequence[Change], options: Options
) -> list[Refusal]:
    limit = options.limit if options.max_deletes is None else options.max_deletes
    gone = [change for change in changes if change.action in DESTROYS]
    passes = f"--max-deletes {len(gone)}"
    if limit is not None and len(gone) > limit:
        text = f"{counted(len(gone), 'object')} would be deleted or replaced; at most {limit} may be"
        return [Refusal(MAX_DELETES, text, passes)]
    if options.max_deletes is not None:
        return []
    shares = [(sum(change.address in entries for change in gone), len(entries), "managed")]
    if options.prune:
        shares.append((len(gone), sum(map(len, live.records.values())), "live"))
    for count, whole, which in shares:
        if whole >= FROM and count > SHARE * whole:
            text = f"{count} of {whole} {which} objects would be deleted or replaced, more than {SHARE:.0%}"
            return [Refusal(MAX_DELETES, text, passes)]
    return []


def refuse_frozen(environment: Environment, now: datetime) -> list[Refusal]:
    """The refusal if an apply at `now` (UTC) is in a window of `freeze`; a list without it else."""
    texts = [text for text, is_closed in find_freezes(environment, now) if is_closed]
    passes = f"wait until then; `apply --only clock` for what the clocks change; or --allow {FROZEN}"
    return [Refusal(FROZEN, "; ".join(texts), passes)] if texts else []


def find_freezes(environment: Environment, now: datetime) -> Iterator[tuple[str, bool]]:
    """What is said of each window of `freeze` that holds or is near at `now` (UTC), and whether it holds."""
    if not environment.freeze:
        return
    zone: tzinfo = load("zoneinfo:ZoneInfo")(environment.time_zone) if environment.time_zone else UTC
    today = now.astimezone(zone).date()
    for each in environment.freeze:
        if today <= each.last and (each.first - today).days <= SOON:
            days = f"from {each.first} to {each.last}, both days included ({each.reason})"
            yield f"apply is closed {days}; {_describe_opening(each, environment.freeze, zone)}", each.first <= today


def _describe_opening(window: Freeze, every: Sequence[Freeze], zone: tzinfo) -> str:
    """When an apply is possible again after a window, and after those that follow it without a day between."""
    last = window.last
    for each in every:
        if each.first.toordinal() <= last.toordinal() + 1:
            last = max(last, each.last)
    if last == date.max:
        return "it does not open again"
    # A day begins later if the clock skips its midnight: the way through UTC finds that.
    moment = datetime.combine(last + DAY, time(), zone).astimezone(UTC)
    there = "" if zone is UTC else f"{moment.astimezone(zone):%Y-%m-%d %H:%M} {zone}, "
    return f"it opens at {there}{moment:%Y-%m-%d %H:%M} UTC"
