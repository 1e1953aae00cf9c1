"""What differs between two environments, as text and as JSON. What is alike in many addresses is shown once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from reconciler.errors import Location
from reconciler.model.addresses import address_kind, is_address
from reconciler.model.results import Comparison, Difference
from reconciler.output.document import to_json
from reconciler.output.groups import count_kinds
from reconciler.output.labels import MOST_NAMED, SIGN_PAINT, format_api, format_place
from reconciler.output.markdown.words import fence, take
from reconciler.output.terminal import bold, dim, escape, fit, strip_styles, yellow
from reconciler.output.values import ValueDiff, cut_both, encode, format_value, is_nested
from reconciler.serialization import to_canonical
from reconciler.text import COUNTED, abridge, format_count, pad

LIMIT = 40_000  # bytes of the block of Markdown: a comment of GitHub takes 65,536 characters
SIGNS = "-+"  # of the first environment, and of the second
INDENT = "      "

Group = Sequence[Difference]  # differences of one kind and path, with the same values, or due to the same variables


def render_comparison(found: Comparison, form: str) -> str:
    """A comparison as `text` for a terminal, as `markdown`, which is the text in a block, or as `json` for programs;
    schemas/comparison.schema.json describes that."""
    if form == "json":
        values = asdict(found)
        for each in (*values["differences"], *values["unmanaged"], *values["meant"]):
            for side in filter(None, (each["a"], each["b"])):
                side["place"] = format_place(side["place"]) if side["place"] else None
                side["sources"] = list(map(format_place, side["sources"]))
        return to_json(**values)
    text = "\n".join(_render_lines(found))
    lines = strip_styles(text).split("\n")
    return fit(text) if form == "text" else fence(take(lines, LIMIT, "--format json lists all"), "text")


def _render_lines(found: Comparison) -> Iterator[str]:
    names = " and ".join(escape(each.environment) + format_api(each.api or "") for each in (found.a, found.b))
    what = format_count(found.compared, "managed object" if found.live else "resource")
    count = format_count(found.count(), "difference") if found.count() else "no differences"
    yield bold(f"Comparison of {names}, {'live' if found.live else 'as written'}: {count} in {what}")
    for heading, differences in (("", found.differences), ("Not managed, compared by name:", found.unmanaged)):
        yield from ("", bold(heading)) if differences and heading else ()
        for group in _find_groups(differences):
            yield from ("", *_render_group(found, group))
    yield from [""] if found.meant or found.ignored else []
    yield from (dim(f"meant to differ: {_format_head(found, group)}") for group in _find_groups(found.meant))
    if found.ignored:
        yield dim(f"left out: {escape(', '.join(found.ignored))}")
    yield from (yellow(f"warning: {escape(warning)}") for warning in found.warnings)


def _render_group(found: Comparison, group: Group) -> Iterator[str]:
    one, other = group[0].a, group[0].b
    where = [dim(f"  ({escape(place)})") if (place := _format_first(_list_places(group, at))) else "" for at in (0, 1)]
    if not group[0].path:
        sign = SIGNS[0 if one else 1]
        yield SIGN_PAINT[sign](f"  {sign} {_format_head(found, group)}") + "".join(where)
    else:
        yield yellow(f"  ~ {_format_head(found, group)}")
        is_deep = is_nested(*(side.value for side in (one, other) if side))
        before, after = (encode(side.value) if side else "nothing" for side in (one, other))
        names = [escape(f"{each.environment}:") for each in (found.a, found.b)]
        texts = tuple(SIGNS) if is_deep else cut_both(before, after)
        for name, text, place in zip(names, texts, where, strict=True):
            yield f"{INDENT}{pad(name, max(map(len, names)))} {text}{place}"
        if is_deep:
            for line in ValueDiff({}, unknown="").compare(one and one.value, other and other.value):
                yield SIGN_PAINT[line.sign](f"{INDENT}  {line}")
    if group[1:]:
        yield dim(f"{INDENT}{abridge(map(_format_name, group), MOST_NAMED, f'{COUNTED}; --format json lists all')}")


def _format_head(found: Comparison, group: Group) -> str:
    """`send_at of 12 reports, such as report.a`; of whole objects, which of the environments has them, and why."""
    first = group[0]
    what = count_kinds(each.address for each in group) if group[1:] else _format_name(first)
    if first.path:
        example = f", such as {_format_name(first)}" if len(set(map(_encode_values, group))) > 1 else ""
        return f"{escape(first.path)} of {what}{example}"
    reason = _format_first(each.reason for each in group if each.reason)
    environment = (found.a if first.a else found.b).environment
    return escape(f"{what} in {environment} alone{reason and f', {reason}'}")


def _find_groups(differences: Iterable[Difference]) -> list[list[Difference]]:
    """Groups what is alike: the same kind and path, and the same values, or values of the same variables."""
    found: dict[str, list[Difference]] = defaultdict(list)
    for each in differences:
        own = _find_own_sources(each)
        alike = own if all(own) else [_encode_values(each), (each.reason or "").partition(" at ")[0]]
        found[to_canonical([address_kind(each.address), each.path, alike])].append(each)
    return list(found.values())


def _format_first(texts: Iterable[str]) -> str:
    first, *more = dict.fromkeys(texts) or [""]
    return f"{first} and {len(more)} more" if more else first


def _encode_values(each: Difference) -> str:
    return to_canonical([side and [side.value] for side in (each.a, each.b)])


def _list_places(group: Group, at: int) -> Iterator[str]:
    """Where a person edits the values of an environment: at their variables, or where they are written."""
    for each in group:
        side = (each.a, each.b)[at]
        yield from map(format_place, _find_own_sources(each)[at] or ([side.place] if side and side.place else []))


def _find_own_sources(each: Difference) -> list[list[Location]]:
    """For each side, the variables and items that its value is made of and the other side's value is not."""
    one, other = (side.sources if side else () for side in (each.a, each.b))
    return [[place for place in one if place not in other], [place for place in other if place not in one]]


def _format_name(each: Difference) -> str:
    """The address; if the object is not managed, its kind, its name and its ids."""
    if is_address(each.address):
        return escape(each.address)
    ids = ", ".join(str(side.id) for side in (each.a, each.b) if side)
    return escape(f"{address_kind(each.address)} {format_value(each.name or '')} ({ids})")
