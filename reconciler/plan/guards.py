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
from reconciler.model.settings import Environment
from reconciler.text import COUNTED, abridge, format_count

EPOCH = datetime.fromtimestamp(0, UTC)
SHARE, FEWEST_OBJECTS = 0.30, 10
"""A share of fewer objects says nothing: one of three is a third."""
SHOWN = 3  # objects that a refusal names of each kind
DAY, SOON = timedelta(days=1), 7
"""A plan warns of a freeze this many days before it begins."""
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
    read by `zone_data`. `api` is the API's address. Without `to_apply` the plan is only shown: destinations and
    policies are not checked. Without `judged`, policies alone are not. `only_clock`: only the changes that the clocks
    alone bring about. `undo` names a receipt to take back, instead of the YAML. `base` is a commit or branch to compare
    with: `only_scope` leaves out what is not due to the changes since then, and `strict_scope` refuses it."""

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
    entries, gone = state.entries, [change for change in changes if change.action in DESTROYS]
    found = list(_refuse_protected(state, gone))
    # A delete of these kinds may cost people something, and has to be allowed by name.
    for kind in (each for each in KINDS.values() if each.endpoints.closed):
        if ended := abridge(change.address for change in gone if change.kind == kind.name):
            name = f"{DELETE}{kind.name}"
            text = f"deletes of {kind.section} are closed, and this plan ends {ended}"
            text += f"; this loses {kind.messages.lost_on_delete}"
            found.append(Refusal(name, text, f"--allow {name}, on `plan` and `apply`"))
    found += _refuse_too_many(entries, live, gone, options)
    if entries and not desired.resources:
        text = f"the configuration holds nothing, while the state holds {format_count(len(entries), 'object')}"
        passes = f"--allow {EMPTY_CONFIGURATION}, if all of them are to go"
        found.append(Refusal(EMPTY_CONFIGURATION, text, passes))
    known = {address: entry for address, entry in entries.items() if address_kind(address) in live.records}
    if known and not any(entry.id in live.records[address_kind(address)] for address, entry in known.items()):
        where = "in the state that this looked at" if len(known) < len(entries) else "in the state"
        text = f"none of the {format_count(len(known), 'object')} {where} is live: is this another project's key?"
        passes = f"the right key or environment, or --allow {WRONG_PROJECT} if they were all deleted outside"
        found.append(Refusal(WRONG_PROJECT, text, passes))
    else:  # One cause, one refusal: if no object at all is live, the kinds are not reported one by one.
        found += find_vanished(entries, live)
    pruned = sum(change.action is Action.DELETE for change in changes)
    if options.prune and pruned and not entries:
        text = f"--prune would delete {format_count(pruned, 'object')}, and the state holds nothing"
        text += ": is this another project's key, or was the state lost?"
        passes = f"the right key; one apply without --prune; or --allow {PRUNE_WITHOUT_STATE}, if all of them are to go"
        found.append(Refusal(PRUNE_WITHOUT_STATE, text, passes))
    return tuple(refusal for refusal in found if refusal.guard not in options.allowed)


def find_vanished(entries: Mapping[str, Entry], live: Live) -> list[Refusal]:
    """A list with one refusal if too many objects of one kind in the state are not live; else an empty list."""
    known, lost = Counter(map(address_kind, entries)), defaultdict(list)
    for address, entry in entries.items():
        if entry.id not in live.records.get(address_kind(address), {entry.id: None}):
            lost[address_kind(address)].append(f"{address} ({entry.id})")
    texts = [
        f"{len(each)} of {known[name]} {KINDS[name].section} in the state are not live: {abridge(each, SHOWN, COUNTED)}"
        for name, each in lost.items()
        if (len(each) == known[name] and len(each) > 1)
        or (known[name] >= FEWEST_OBJECTS and len(each) > SHARE * known[name])
    ]
    passes = "the right key or environment; plan again later, as the list of the API may be short; if they were "
    passes += f"deleted outside, --allow {VANISHED} on `plan` and `apply`: what is still written is created again"
    return [Refusal(VANISHED, "; ".join(texts), passes)] if texts else []


def _refuse_protected(state: State, gone: Sequence[Change]) -> Iterator[Refusal]:
    for change in gone:
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


def _refuse_too_many(
    entries: Mapping[str, Entry], live: Live, gone: Sequence[Change], options: Options
) -> list[Refusal]:
    limit = options.limit if options.max_deletes is None else options.max_deletes
    texts = []
    if limit is not None and len(gone) > limit:
        texts.append(f"{format_count(len(gone), 'object')} would be deleted or replaced; at most {limit} may be")
    elif options.max_deletes is None:
        shares = [(sum(change.address in entries for change in gone), len(entries), "managed")]
        if options.prune:
            shares.append((len(gone), sum(map(len, live.records.values())), "live"))
        texts += [
            f"{count} of {whole} {which} objects would be deleted or replaced, more than {SHARE:.0%}"
            for count, whole, which in shares
            if whole >= FEWEST_OBJECTS and count > SHARE * whole
        ]
    return [Refusal(MAX_DELETES, text, f"--max-deletes {len(gone)}") for text in texts[:1]]


def refuse_frozen(environment: Environment, now: datetime) -> list[Refusal]:
    """A list with one refusal if an apply at `now` (UTC) is in a window of `freeze`; else an empty list."""
    texts = [text for text, is_closed in find_freezes(environment, now) if is_closed]
    passes = f"wait until then; `apply --only clock` for what the clocks change; or --allow {FROZEN}"
    return [Refusal(FROZEN, "; ".join(texts), passes)] if texts else []


def find_freezes(environment: Environment, now: datetime) -> Iterator[tuple[str, bool]]:
    """What is said of each window of `freeze` that holds or is near at `now` (UTC), and whether it holds."""
    if not environment.freeze:
        return
    zone: tzinfo = load("zoneinfo:ZoneInfo")(environment.time_zone) if environment.time_zone else UTC
    today = now.astimezone(zone).date()
    for each in (one for one in environment.freeze if today <= one.last and (one.first - today).days <= SOON):
        last = each.last
        for other in environment.freeze:  # An apply stays closed in windows that follow without a day between.
            if other.first.toordinal() <= last.toordinal() + 1:
                last = max(last, other.last)
        opening = "it does not open again"
        if last < date.max:
            # A day begins later if the clock skips its midnight: the way through UTC finds that.
            moment = datetime.combine(last + DAY, time(), zone).astimezone(UTC)
            there = "" if zone is UTC else f"{moment.astimezone(zone):%Y-%m-%d %H:%M} {zone}, "
            opening = f"it opens at {there}{moment:%Y-%m-%d %H:%M} UTC"
        days = f"from {each.first} to {each.last}, both days included ({each.reason})"
        yield f"apply is closed {days}; {opening}", each.first <= today
