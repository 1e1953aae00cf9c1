"""Live objects as a configuration: which ones, their keys and blocks, and which resources of others they are."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Self

from reconciler.errors import WrongUsage
from reconciler.kinds import KINDS, Kind
from reconciler.kinds.comparison import get_value, join_keys, parse_path
from reconciler.kinds.normalization import Key, find_natural_key, make_normal_form
from reconciler.kinds.references import ReferenceResolver, references, with_references
from reconciler.kinds.schema import KEY_PATTERN
from reconciler.lazy import frozen
from reconciler.model.addresses import ObjectRef, address_kind, make_address
from reconciler.model.inputs import Entry, Fields, Live, Record, Resource
from reconciler.model.plan import Change
from reconciler.serialization import to_canonical
from reconciler.text import find_common_words, find_free, join_choices, split_numbers, suggest_close
from reconciler.yaml import KeyPath
from reconciler.yaml.writing import dump, escape_variables, has_variable_key

LONGEST = 60  # characters of a key that a name becomes: addresses stay readable


def slugify(text: str) -> str:
    """The text in lower-case ASCII letters, digits and dashes; may be empty."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST].strip("-")


def choose_keys(records: Iterable[Record], given: Collection[str] = ()) -> dict[str, str]:
    """Id → key. If several objects share a name, or it gives no key, or the key is `given` to another one, the id is
    part of the key."""
    records = sorted(records, key=lambda each: each.id)
    # An id that its caller has chosen is a key as it is, if it can be one.
    chosen = {each.id for each in records if each.name == each.id and re.fullmatch(KEY_PATTERN, each.id)}
    result = {each.id: each.id if each.id in chosen else slugify(each.name) for each in records}
    counts = Counter(result.values())
    taken = {key for key, number in counts.items() if key and number == 1} | set(given)
    for record in records:
        key = result[record.id]
        if not key or counts[key] > 1 or key in given:
            # Ids that differ only in case give the same key.
            key = find_free("-".join(part for part in (key or record.kind, slugify(record.id)) if part), "-", taken)
            taken.add(key)
            result[record.id] = key
    return result


Addresses = Mapping[ObjectRef, str]
FindViolations = Callable[[str, Fields], list[tuple[str, str]]]
"""Given a kind and fields: which fields may not be written so, and why."""


@frozen
class Exported:
    """File name → text, what the state is to hold, and what could not be exported."""

    files: Mapping[str, str]
    entries: Mapping[str, Entry]
    warnings: tuple[str, ...]


def export(live: Live, violations: FindViolations, schema: str) -> Exported:
    """YAML that validates, with references to targets that are exported too, and the entries of the state. An object
    that cannot be written (a read-only value of a required field, a name of two objects) is left out, with a warning:
    it stays unmanaged. Each file begins with the line by which editors find the `schema`."""
    addresses, files, entries, warnings = dict[ObjectRef, str](), dict[str, str](), dict[str, Entry](), list[str]()
    for kind in KINDS.values():
        records = live.records[kind.name]
        chosen, left = find_expressible(kind, records.values(), violations)
        warnings += [f"{kind.name} {record.id} ({record.name}){why}" for record, why in left]
        keys = choose_keys(records[ref.id] for ref in chosen)
        blocks = {}
        addresses |= {ref: make_address(kind.name, keys[ref.id]) for ref in chosen}
        for ref, written in make_blocks(chosen, live, addresses).items():
            uses = tuple(sorted({used for used, *_ in references(kind, written)}))
            blocks[keys[ref.id]] = escape_variables(written)
            entries[addresses[ref]] = Entry(ref.id, chosen[ref], depends_on=uses, file=f"{kind.section}.yaml")
        if blocks:
            files[f"{kind.section}.yaml"] = _render_file(kind, blocks, schema)
    if not files:  # A folder without any file is no configuration.
        first = next(iter(KINDS.values()))
        files[f"{first.section}.yaml"] = _render_file(first, {}, schema)
    return Exported(files, entries, tuple(warnings))


def find_writable_fields(record: Record) -> dict[str, Any]:
    """The fields of a live object that can be written, in the order of its kind."""
    return {name: record.fields[name] for name in KINDS[record.kind].field_names if name in record.fields}


def make_blocks(
    chosen: Mapping[ObjectRef, dict[str, Any]], live: Live, addresses: Addresses
) -> dict[ObjectRef, dict[str, Any]]:
    """The fields of each object as YAML: references in place of items, if their objects have addresses."""
    addresses = {ref: address for ref, address in addresses.items() if live.find(ref.kind, ref.id) is not None}
    resolver = ReferenceResolver(live)
    behind = {name: resolver.find_aliases(KINDS[name]) for name in {ref.kind for ref in chosen}}
    return {
        ref: with_references(KINDS[ref.kind], fields, addresses, behind[ref.kind]) for ref, fields in chosen.items()
    }


def find_expressible(
    kind: Kind, records: Iterable[Record], violations: FindViolations, named: Iterable[Key | None] = ()
) -> tuple[dict[ObjectRef, dict[str, Any]], list[tuple[Record, str]]]:
    """The fields of the objects that can be written; and what of an object cannot, with why. `named`: the natural
    keys of what is written already."""
    records = sorted(records, key=lambda each: (each.name, each.id))
    names = Counter(find_natural_key(kind, record.fields, make_normal_form) for record in records)
    names.update(named)
    chosen: dict[ObjectRef, dict[str, Any]] = {}
    left: list[tuple[Record, str]] = []
    for record in records:
        # Two names that differ in what an API may normalise are an error in a configuration.
        key = find_natural_key(kind, record.fields, make_normal_form)
        if key is not None and names[key] > 1:
            same = f"another {kind.name} has the same {', '.join(kind.identity.natural_key)}"
            left.append((record, f" is left out: {same}; rename one in the dashboard"))
            continue
        # A field that may not be written is left out alone, unless the object cannot be without it.
        fields = find_writable_fields(record)
        found = ((name, why) for name, why in violations(kind.name, fields) if name in fields)
        alone = {name: why for name, why in found if not kind.find_field(name).required}
        fields = {name: value for name, value in fields.items() if name not in alone}
        wrong = [why for _, why in violations(kind.name, fields)]
        for name, value in fields.items():
            if has_variable_key(value):
                wrong.append(f"{name} has a key with ${{ in it")
            try:
                json.dumps(value, ensure_ascii=False).encode()
            except UnicodeEncodeError:
                wrong.append(f"{name} holds half of a character")
        left += [(record, f": {describe_unwritten(kind.name, record.fields, *each)}") for each in alone.items()]
        if wrong:
            left.append((record, f" is left out: {'; '.join(wrong)}"))
        else:
            chosen[record.ref] = fields
    return chosen, left


def describe_unwritten(kind: str, fields: Fields, name: str, message: str) -> str:
    """Why a field of a live object is not written. `message`: what is wrong with its value."""
    if (endpoint := KINDS[kind].find_field(name).sub_endpoint) and endpoint.words:
        message = f'the server sets "{fields[name]}"; YAML can say {join_choices([*endpoint.words])}'
    return f"its {name} is not written: {message.removeprefix(f'{name}: ')}"


def _render_file(kind: Kind, blocks: Mapping[str, Any], schema: str) -> str:
    head = f"# yaml-language-server: $schema={schema}\n# {kind.messages.title}. {kind.messages.description}\n"
    return head + dump({kind.section: {key: blocks[key] for key in sorted(blocks, key=split_numbers)}})


@frozen
class Selection:
    """Which live objects are meant: those of these kinds (without any: of all), and if there are patterns (each with
    its kind), only those with a name that fits one."""

    kinds: tuple[str, ...] = ()
    patterns: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, kinds: Iterable[str], matches: Iterable[str]) -> Self:
        """The selection of these kinds, and of texts such as `report "Daily*"`. WrongUsage if one is none."""
        patterns = []
        for each in matches:
            found = re.fullmatch(r'(\w+)\s+("?)(.+)\2', each, re.DOTALL)
            if found is None:
                raise WrongUsage(f"--match {each}: expected a kind and a pattern of names, as in 'report \"Daily*\"'")
            patterns.append((found[1], found[3]))
        for name in (*kinds, *(kind for kind, _ in patterns)):
            if name not in KINDS:
                known = f"expected one of {', '.join(KINDS)}"
                raise WrongUsage(f"there is no kind {name}; {known}{suggest_close(name, KINDS)}")
        return cls(tuple(kinds), tuple(patterns))

    def has(self, kind: str, name: object) -> bool:
        """Whether an object of that kind and name is meant."""
        fits = any(kind == each and fnmatchcase(str(name), pattern) for each, pattern in self.patterns)
        return (fits or not self.patterns) and (kind in self.kinds or not self.kinds)

    def require_fitting(self, live: Live) -> None:
        """WrongUsage if a pattern fits no live object."""
        for kind, pattern in self.patterns:
            names = [record.name for record in live.records[kind].values()]
            if not any(fnmatchcase(name, pattern) for name in names):
                raise WrongUsage(f'there is no live {kind} "{pattern}"{suggest_close(pattern, names)}')


ValuePath = tuple[str, KeyPath]
Variables = dict[str, tuple[Fields, dict[ValuePath, tuple[str, str]]]]
"""Name → values by environment, and what it is in: address and keys → the text before and behind it."""


def find_pairs(
    resources: Mapping[str, Resource], records: Collection[Record], *, is_first: bool
) -> tuple[dict[ObjectRef, str], list[tuple[list[Record], list[str]]]]:
    """Object → address of the resource that it is: both have a natural key that no other one has. Also the objects and
    the addresses that have one key, if they are several. A field that follows the environment of the key may differ, if
    nothing is equal in it, too. If it `is_first`, then two or more names may have the same words more at one end."""
    pairs: dict[ObjectRef, str] = {}
    unclear, short = [], dict[str, str]()
    # A looser key is tried only for what a stricter one has left: its pairs are less certain.
    for strictness in ("exact", "loose", "short")[: 3 if is_first else 2]:
        groups: dict[tuple[str, ...], tuple[list[Record], list[str]]] = defaultdict(lambda: ([], []))
        taken, free = {*pairs.values()}, [record for record in records if record.ref not in pairs]
        rest = [each for each in resources.values() if each.address not in taken]
        if strictness == "short":
            rest = [each for each in rest if each.instance is None]
            sides: Iterable[Iterable[Record | Resource]] = (rest, free)
            names = {name: kind.identity.name_field for name, kind in KINDS.items()}
            short = _shorten(*({str(each.fields.get(names[each.kind])) for each in side} for side in sides))
        for record in free:
            groups[_find_key(record, short, is_loose=strictness != "exact")][0].append(record)
        for each in rest:
            groups[_find_key(each, short, is_loose=strictness != "exact")][1].append(each.address)
        for found, addresses in groups.values():
            if len(found) == len(addresses) == 1:
                pairs[found[0].ref] = addresses[0]
            elif found and addresses and strictness == "loose":
                unclear.append((found, addresses))
    return pairs, unclear


def _find_key(each: Record | Resource, short: Mapping[str, str], *, is_loose: bool) -> tuple[str, ...]:
    kind = KINDS[each.kind]
    names = [name for name in kind.identity.natural_key if not (is_loose and kind.find_field(name).follows_key)]
    values = (str(each.fields.get(name)) for name in names)
    return each.kind, *(make_normal_form(short.get(value, value)) for value in values)


def _shorten(names: set[str], others: set[str]) -> dict[str, str]:
    """Name → the name without the words at one end that it has beyond one of the `others`: the words that most of the
    names have so. Empty if only one name has them."""
    found: dict[tuple[str, bool], dict[str, str]] = defaultdict(dict)
    for name in sorted(names ^ others):
        for space in re.finditer(r"\s+", name):
            first, last = space.span()
            for words, left in ((name[:last], name[last:]), (name[first:], name[:first])):
                if left in (others if name in names else names):
                    found[words, name in names][name] = left
    best = max(found.values(), key=len, default={})
    return best if len(best) > 1 else {}


def find_key_paths(change: Change, sides: Sequence[Fields]) -> list[KeyPath]:
    """The keys of each value that a change touches, cut to the innermost value that all `sides` have. Empty if a side
    lacks the field."""
    lists = {name for name, each in KINDS[change.kind].reference_fields if not each.path}
    paths: dict[KeyPath, None] = {}
    for each in change.fields:
        keys = parse_path(each.path) or (each.path,)
        keys = keys[:1] if keys[0] in lists else keys
        while keys and any(get_value(side, keys) is None for side in sides):
            keys = keys[:-1]
        if not keys:
            return []
        paths[keys] = None
    return [key_path for key_path in paths if not any(key_path[:length] in paths for length in range(1, len(key_path)))]


def name_variables(values: Mapping[ValuePath, Fields], taken: Mapping[str, Fields]) -> Variables:
    """The variables for values (by environment) that differ. Values of one field that are alike share one, and so do
    texts that differ in the same words at one end. A name is not taken, unless by a variable with these values."""
    shared: dict[tuple[str, str], tuple[Fields, dict[ValuePath, tuple[str, str]]]] = {}
    for (address, key_path), each in sorted(values.items()):
        forms = [(f"{address_kind(address)}.{join_keys(key_path)}", each, ("", ""))]
        start, inner, end = find_common_words([*each.values()])
        if (start or end) and not start.endswith("$") and re.search(r"[^\W\d]", "".join(inner)):
            forms.append(("suffix" if start else "prefix", dict(zip(each, inner, strict=True)), (start, end)))
        for name, alike, ends in forms:
            shared.setdefault((name, to_canonical(alike)), (alike, {}))[1][address, key_path] = ends
    known, result, done = {name: to_canonical(each) for name, each in taken.items()}, Variables(), set[ValuePath]()
    # If two groups are the same, the first is the one of whole values.
    for (name, text), (alike, places) in sorted(shared.items(), key=lambda each: -len(each[1][1])):
        if done.isdisjoint(places):
            done.update(places)
            [(address, key_path), *others] = places
            plain = re.sub(r"[^A-Za-z0-9]+", "_", name if others else f"{address}.{join_keys(key_path)}").strip("_")
            free = find_free(plain, "_", {name for name, each in known.items() if each != text})
            known[free], result[free] = text, (alike, places)
    return result
