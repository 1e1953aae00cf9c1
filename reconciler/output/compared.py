"""What differs between two environments, as text and as JSON. What is alike in many addresses is shown once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.errors import Location
from reconciler.model.comparison import Comparison, Difference, Pair, Side
from reconciler.model.inputs import address_kind
from reconciler.output.document import document, select
from reconciler.output.groups import kinds_of, short_place
from reconciler.output.labels import SIGN_PAINT, api_note
from reconciler.output.terminal import bold, dim, escape, fit, yellow
from reconciler.output.values import ValueDiff, cut_both, format_value, plain
from reconciler.serialization import canonical
from reconciler.text import counted, pad

MOST_NAMED = 8
"""So many addresses of a group are listed."""
SIGNS = "-+"
"""Of the first environment, and of the second."""
INDENT = "      "


@dataclass(frozen=True, slots=True)
class Group:
    """Differences of one kind and path, with the same values, or due to the same variables."""

    differences: list[Difference]

    @property
    def first(self) -> Difference:
        """The one that stands for all of them."""
        return self.differences[0]

    @property
    def is_deep(self) -> bool:
        """Whether what differs is within a list or a map."""
        return any(isinstance(side.value, dict | list) for side in self.first.sides if side)

    @property
    def alone(self) -> int:
        """Which of the two environments has the objects, if the other one lacks them."""
        return 0 if self.first.sides[0] else 1

    def what(self) -> str:
        """`report.daily`, or `12 reports`."""
        return kinds_of(each.address for each in self.differences) if self.names() else _called(self.first)

    def example(self) -> str:
        """The first address, if the values are not the same everywhere; else empty."""
        return _called(self.first) if len(set(map(_values, self.differences))) > 1 else ""

    def names(self) -> list[str]:
        """What its objects are called, if they are several."""
        return list(map(_called, self.differences)) if len(self.differences) > 1 else []

    def written_at(self, at: int) -> str:
        """Where a person edits the value of an environment; the first of several places. Empty if that is not known."""
        places = dict.fromkeys(short_place(place) for each in self.differences for place in _places(each.sides, at))
        return _first_of(list(places))

    def reason(self) -> str:
        """Why an environment lacks the objects."""
        return _first_of(list(dict.fromkeys(each.reason for each in self.differences)))


def find_groups(differences: Iterable[Difference]) -> list[Group]:
    """The groups of differences, in their order."""
    found: dict[str, list[Difference]] = defaultdict(list)
    for each in differences:
        missing = [side is None for side in each.sides]
        own = [list(_own_sources(each.sides, at)) for at in (0, 1)]
        alike = each.reason.partition(" at ")[0] if not each.path else own if all(own) else _values(each)
        found[canonical([address_kind(each.address), each.path, missing, alike])].append(each)
    return list(map(Group, found.values()))


def _first_of(texts: Sequence[str]) -> str:
    return f"{texts[0]} and {len(texts) - 1} more" if len(texts) > 1 else "".join(texts)


def _values(each: Difference) -> str:
    return canonical([side and [side.value] for side in each.sides])


def _own_sources(sides: Pair[Side | None], at: int) -> Iterator[Location]:
    """The variables and items of a value that those of the other side are not made of."""
    side, other = sides[at], sides[1 - at]
    yield from (place for place in (side.sources if side else ()) if not other or place not in other.sources)


def _places(sides: Pair[Side | None], at: int) -> Iterator[Location]:
    side = sides[at]
    own = list(_own_sources(sides, at))
    yield from own or ([side.place] if side and side.place else [])


def _called(each: Difference) -> str:
    """An address; what is not managed by its name and ids."""
    if "[" not in each.address:
        return each.address
    ids = ", ".join(side.id for side in each.sides if side)
    return f"{address_kind(each.address)} {format_value(each.name)} ({ids})"


def compared_text(found: Comparison) -> str:
    """A comparison for a terminal."""
    return fit("\n".join(_lines(found)))


def title(found: Comparison, show: Callable[[str], str] = escape) -> str:
    """The environments, and how many differences there are. `show`: a name of the user's, in the form's words."""
    sides = zip(found.environments, found.apis or ("", ""), strict=True)
    names = " and ".join(show(name) + api_note(api, show) for name, api in sides)
    what = counted(found.compared, "resource" if found.apis is None else "managed object")
    count = counted(found.count(), "difference") if found.count() else "no differences"
    return f"{names}, {'live' if found.apis else 'as written'}: {count} in {what}"


def _lines(found: Comparison) -> Iterator[str]:
    yield bold(f"Comparison of {title(found)}")
    for heading, differences in (("", found.differences), ("Not managed, compared by name:", found.unmanaged)):
        groups = find_groups(differences)
        yield from ("", bold(heading)) if groups and heading else ()
        for group in groups:
            yield from ("", *(_field(found, group) if group.first.path else _alone(found, group)))
    yield from [""] if found.meant or found.ignored else []
    for group in find_groups(found.meant):
        where = f"in {escape(found.environments[group.alone])} alone, by {escape(group.reason())}"
        yield dim(f"meant to differ: {escape(group.what())} {where}")
    if found.ignored:
        rules = (f"{escape(rule)} ({number})" for rule, number in found.ignored.items())
        yield dim(f"differences left out: {', '.join(rules)}")
    yield from (yellow(f"warning: {escape(warning)}") for warning in found.warnings)


def _alone(found: Comparison, group: Group) -> Iterator[str]:
    sign = SIGNS[group.alone]
    place, reason = group.written_at(group.alone), group.reason()
    where = f"in {escape(found.environments[group.alone])} alone" + (f", {escape(reason)}" if reason else "")
    yield SIGN_PAINT[sign](f"  {sign} {escape(group.what())}") + f" {where}" + dim(f"  ({escape(place)})" * bool(place))
    yield from _addresses(group)


def _field(found: Comparison, group: Group) -> Iterator[str]:
    example = f", such as {escape(group.example())}" if group.example() else ""
    yield yellow(f"  ~ {escape(group.first.path)} of {escape(group.what())}") + example
    one, other = group.first.sides
    where = [f"  ({escape(place)})" if (place := group.written_at(at)) else "" for at in (0, 1)]
    if group.is_deep:
        names = (f"{SIGNS[at]} {escape(found.environments[at])}" for at in (0, 1))
        yield INDENT + ", ".join(SIGN_PAINT[name[0]](name) + where[at] for at, name in enumerate(names))
        for sign, text, depth in ValueDiff({}, unknown="").lines(one and one.value, other and other.value):
            yield SIGN_PAINT[sign](f"{INDENT}  {'  ' * depth}{f'{sign} ' if sign else ''}{text}")
    else:
        before, after = (plain(side.value) if side else found.absent for side in (one, other))
        texts = cut_both(before, after)
        widest = max(map(len, map(escape, found.environments)))
        for name, text, place in zip(found.environments, texts, where, strict=True):
            yield f"{INDENT}{pad(f'{escape(name)}:', widest + 1)} {text}{dim(place)}"
    yield from _addresses(group)


def _addresses(group: Group) -> Iterator[str]:
    if names := group.names():
        rest = f", … and {len(names) - MOST_NAMED} more; --format json lists all" if names[MOST_NAMED:] else ""
        yield dim(f"{INDENT}{', '.join(map(escape, names[:MOST_NAMED]))}{rest}")


def compared_json(found: Comparison) -> str:
    """A comparison for programs; schemas/comparison.schema.json describes it."""
    apis = found.apis or (None, None)
    sides = ({"environment": name, "api": api} for name, api in zip(found.environments, apis, strict=True))
    return document(
        1,
        **dict(zip("ab", sides, strict=True)),
        live=found.apis is not None,
        compared=found.compared,
        differences=list(map(_difference, found.differences)),
        unmanaged=list(map(_difference, found.unmanaged)),
        meant=list(map(_difference, found.meant)),
        ignored=[{"field": rule, "differences": number} for rule, number in found.ignored.items()],
        warnings=found.warnings,
    )


def _difference(each: Difference) -> dict[str, Any]:
    sides = {name: side and _side(side) for name, side in zip("ab", each.sides, strict=True)}
    return {**select(each, "address", "path", "name"), **sides, **select(each, "reason")}


def _side(side: Side) -> dict[str, Any]:
    place = short_place(side.place) if side.place else None
    return {"value": side.value, "id": side.id or None, "place": place, "sources": list(map(short_place, side.sources))}
