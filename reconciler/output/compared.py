"""What differs between two environments, as text and as JSON. What is alike in many addresses is shown once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

from reconciler.errors import Location
from reconciler.model.comparison import Comparison, Difference, Pair
from reconciler.model.inputs import address_kind
from reconciler.output.document import document
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
ABSENT = "nothing"
"""What is said of a value that is not there."""

Show = Callable[[str], str]
"""Shows a text of the user's in a form."""


@dataclass(frozen=True, slots=True)
class Group:
    """Differences of one kind and path, with the same values, or due to the same variables."""

    differences: Sequence[Difference]

    @property
    def first(self) -> Difference:
        """The one that stands for all of them."""
        return self.differences[0]

    def head(self, environments: Sequence[str], show: Show, say: Show) -> str:
        """`send_at of 12 reports, such as report.a`; of whole objects which environment has them alone, and why. `show`
        a word of the user's, and `say` a sentence."""
        what = show(_called(self.first))
        example = f", such as {what}" if len(set(map(_values, self.differences))) > 1 else ""
        if self.differences[1:]:
            what = kinds_of(each.address for each in self.differences)
        if self.first.path:
            return f"{show(self.first.path)} of {what}{example}"
        reason = _first_of(each.reason for each in self.differences if each.reason)
        return f"{what} in {show(environments[0 if self.first.a else 1])} alone{reason and f', {say(reason)}'}"

    def names(self, show: Show) -> str:
        """What its objects are called, if they are several."""
        names = list(map(_called, self.differences)) if self.differences[1:] else []
        rest = f", … and {len(names) - MOST_NAMED:,} more; --format json lists all" if names[MOST_NAMED:] else ""
        return ", ".join(map(show, names[:MOST_NAMED])) + rest

    def places(self) -> Pair[str]:
        """Where a person edits the value of each environment: at its variables, or where it is written."""

        def places(at: int) -> Iterator[Location]:
            for each in self.differences:
                side, own = (each.a, each.b)[at], _own_sources(each, at)
                yield from own or ([side.place] if side and side.place else ())

        return _first_of(map(short_place, places(0))), _first_of(map(short_place, places(1)))


def find_groups(differences: Iterable[Difference]) -> list[Group]:
    """The groups of differences, in their order."""
    found: dict[str, list[Difference]] = defaultdict(list)
    for each in differences:
        own = [_own_sources(each, at) for at in (0, 1)]
        alike = own if all(own) else [_values(each), (each.reason or "").partition(" at ")[0]]
        found[canonical([address_kind(each.address), each.path, alike])].append(each)
    return list(map(Group, found.values()))


def _first_of(texts: Iterable[str]) -> str:
    first, *more = dict.fromkeys(texts) or [""]
    return f"{first} and {len(more)} more" if more else first


def _values(each: Difference) -> str:
    return canonical([side and [side.value] for side in (each.a, each.b)])


def _own_sources(each: Difference, at: int) -> list[Location]:
    """The variables and items of a value that those of the other side are not made of."""
    side, other = (each.a, each.b) if at == 0 else (each.b, each.a)
    return [place for place in (side.sources if side else ()) if not other or place not in other.sources]


def _called(each: Difference) -> str:
    """An address; what is not managed by its name and ids."""
    if "[" not in each.address:
        return each.address
    ids = ", ".join(str(side.id) for side in (each.a, each.b) if side)
    return f"{address_kind(each.address)} {format_value(each.name or '')} ({ids})"


def title(found: Comparison, show: Callable[[str], str] = escape) -> str:
    """The environments, and how many differences there are. `show`: a name of the user's, in the form's words."""
    names = " and ".join(show(each.environment) + api_note(each.api or "", show) for each in (found.a, found.b))
    what = counted(found.compared, "managed object" if found.live else "resource")
    count = counted(found.count(), "difference") if found.count() else "no differences"
    return f"{names}, {'live' if found.live else 'as written'}: {count} in {what}"


def compared_text(found: Comparison) -> str:
    """A comparison for a terminal."""
    return fit("\n".join(_lines(found)))


def _lines(found: Comparison) -> Iterator[str]:
    yield bold(f"Comparison of {title(found)}")
    for heading, differences in (("", found.differences), ("Not managed, compared by name:", found.unmanaged)):
        yield from ("", bold(heading)) if differences and heading else ()
        for group in find_groups(differences):
            yield from ("", *_group_lines(found, group))
    yield from [""] if found.meant or found.ignored else []
    for group in find_groups(found.meant):
        yield dim(f"meant to differ: {group.head(found.environments, escape, escape)}")
    if found.ignored:
        yield dim(f"left out: {escape(', '.join(found.ignored))}")
    yield from (yellow(f"warning: {escape(warning)}") for warning in found.warnings)


def _group_lines(found: Comparison, group: Group) -> Iterator[str]:
    one, other = group.first.a, group.first.b
    head = group.head(found.environments, escape, escape)
    where = [dim(f"  ({escape(place)})") if place else "" for place in group.places()]
    if not group.first.path:
        sign = SIGNS[0 if one else 1]
        yield SIGN_PAINT[sign](f"  {sign} {head}") + "".join(where)
    else:
        yield yellow(f"  ~ {head}")
        is_deep = any(isinstance(side.value, list) for side in (one, other) if side)
        before, after = (plain(side.value) if side else ABSENT for side in (one, other))
        widest = max(map(len, map(escape, found.environments)))
        texts = tuple(SIGNS) if is_deep else cut_both(before, after)
        for name, text, place in zip(found.environments, texts, where, strict=True):
            yield f"{INDENT}{pad(f'{escape(name)}:', widest + 1)} {text}{place}"
        if is_deep:
            for sign, text, depth in ValueDiff({}, unknown="").lines(one and one.value, other and other.value):
                yield SIGN_PAINT[sign](f"{INDENT}  {'  ' * depth}{f'{sign} ' if sign else ''}{text}")
    if names := group.names(escape):
        yield dim(f"{INDENT}{names}")


def compared_json(found: Comparison) -> str:
    """A comparison for programs; schemas/comparison.schema.json describes it."""
    values = asdict(found)
    for each in (*values["differences"], *values["unmanaged"], *values["meant"]):
        for side in filter(None, (each["a"], each["b"])):
            side["place"] = short_place(side["place"]) if side["place"] else None
            side["sources"] = list(map(short_place, side["sources"]))
    return document(1, **values)
