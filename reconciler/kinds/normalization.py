"""The normal forms in which an API may store a value, and names that differ only by normalization."""

from __future__ import annotations

import json
import math
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from reconciler.kinds.comparison import Difference, find_differences, get_value, is_equal, parse_path
from reconciler.kinds.declaration import Kind
from reconciler.kinds.schema import Schema
from reconciler.lazy import load
from reconciler.model.inputs import Entry, Fields, Record
from reconciler.serialization import to_canonical
from reconciler.text import truncate

Key = tuple[str, ...]
FLOAT_PRECISION = 1e-6  # The relative error of a number that is stored in 32 bits.


def _without_format_characters(text: str) -> str:
    return "".join(each for each in text if unicodedata.category(each) != "Cf")


INVISIBLE = (_without_format_characters, partial(unicodedata.normalize, "NFC"), str.strip)
"""Changes that people hardly see: no zero-width characters, composed letters, no spaces at the ends."""


def make_normal_form(text: str) -> str:
    """The text after all changes of `INVISIBLE`: two names with one normal form look the same to a person."""
    for step in INVISIBLE if not text.isascii() else (str.strip,):
        text = step(text)
    return text


def find_natural_key(kind: Kind, fields: Fields, form: Callable[[str], str] = str) -> Key | None:
    """The values of the natural key, in a form such as `make_normal_form` or `fold_text`; None if one is not known."""
    names = kind.identity.natural_key
    values = [value for name in names if isinstance(value := fields.get(name), str)]
    return tuple(map(form, values)) if len(values) == len(names) else None


def find_by_natural_key(kind: Kind, fields: Fields, records: Iterable[Record]) -> list[Record]:
    """The records with the natural key of these fields; if there are none, those with the same normal form of it."""
    wanted = find_natural_key(kind, fields, make_normal_form)
    found = [record for record in records if find_natural_key(kind, record.fields, make_normal_form) == wanted]
    exact = find_natural_key(kind, fields)
    return [record for record in found if find_natural_key(kind, record.fields) == exact] or found


def looks_same(sent: Any, shown: Any) -> bool:
    """Whether `shown` is `sent` after changes of `INVISIBLE`, at any depth."""
    if isinstance(sent, str) and isinstance(shown, str):
        forms = {sent}
        for step in INVISIBLE:
            forms |= set(map(step, forms))
        return shown in forms
    if isinstance(sent, dict) and isinstance(shown, dict):
        return sent.keys() == shown.keys() and all(looks_same(value, shown[key]) for key, value in sent.items())
    if isinstance(sent, list) and isinstance(shown, list):
        return len(sent) == len(shown) and all(map(looks_same, sent, shown))
    return is_equal(sent, shown)


def may_be_normalized(difference: Difference) -> bool:
    """Whether the API may normalize a value: not a reference, a value of an enum, a time on a grid, or a field of words
    with an endpoint of its own."""
    field, keys = difference.field, difference.outer_keys[1:]
    refers = field.reference is not None and keys[: len(field.reference.path)] == field.reference.path
    is_plain = not refers and not field.grid and (field.sub_endpoint is None or not field.sub_endpoint.words)
    return is_plain and "enum" not in (field.find_schema(keys) or {})


def is_normalized(difference: Difference, sent: Any, shown: Any) -> bool:
    """Whether `shown` can be the normal form of `sent` at the path of a difference: other spaces, composition, case,
    rounding, order of a list, keys that were added to a map or dropped."""
    field, keys = difference.field, difference.outer_keys[1:]
    if not may_be_normalized(difference):
        return False
    if shown is None and keys:
        return field.sub_endpoint is None  # What has an endpoint of its own is stored as a whole.
    return _is_made_of(field.find_schema(keys) or {}, sent, shown)


def is_made_of(kind: Kind, sent: Fields, live: Fields) -> bool:
    """Whether live fields are what was sent, or can be its normal form."""
    found = ((each, each.outer_keys) for each in find_differences(kind, sent, live))
    return all(is_normalized(each, get_value(sent, keys), get_value(live, keys)) for each, keys in found)


def is_certain(difference: Difference) -> bool:
    """Whether live is known to differ. An immutable field may be missing only since it could not be read: its provider
    is not in the catalogue."""
    return difference.before is not None or not difference.field.immutable


def may_be_normal_form(difference: Difference, known: Entry | None) -> bool:
    """Whether an immutable value can be the normal form of what was sent: no write could find out."""
    field, name, sent, shown = difference.field, difference.path, difference.after, difference.before
    if not field.immutable or shown is None:
        return False
    is_sent = known is not None and name not in known.stored and is_equal(known.applied.get(name), sent)
    return looks_same(sent, shown) or (is_sent and is_normalized(difference, sent, shown))


def _is_made_of(schema: Schema, sent: Any, shown: Any) -> bool:
    if is_equal(sent, shown):
        return True
    if "enum" in schema:
        return False
    if isinstance(sent, str) and isinstance(shown, str):
        return fold_text(sent) == fold_text(shown)
    if isinstance(sent, dict) and isinstance(shown, dict):
        known = schema.get("properties", {})
        shared = sent.keys() & shown.keys()
        are_made = (_is_made_of(known.get(key, {}), sent[key], shown[key]) for key in shared)
        return bool(shared or not sent) and all(are_made)
    if isinstance(sent, list) and isinstance(shown, list):
        return _are_made_of(schema.get("items", {}), sent, shown)
    return _is_rounded(sent, shown)


def _are_made_of(schema: Schema, sent: list[Any], shown: list[Any]) -> bool:
    """Whether `shown` has the normal forms of the items of `sent`, in any order."""
    if not shown or len(sent) != len(shown):
        return False
    before, after = Counter(map(to_canonical, sent)), Counter(map(to_canonical, shown))
    left = list(map(json.loads, (before - after).elements()))
    for item in map(json.loads, (after - before).elements()):
        at = next((at for at, each in enumerate(left) if _is_made_of(schema, each, item)), None)
        if at is None:
            return False
        del left[at]
    return True


def fold_text(text: str) -> str:
    """The text without case, compatibility forms and spaces: the most that an API may change of it."""
    # Twice, because a text is not always normalized after `casefold` (Unicode 3.13, definition D146).
    folded = unicodedata.normalize("NFKC", _without_format_characters(text)).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def _is_rounded(sent: Any, shown: Any) -> bool:
    """Whether `shown` is `sent` with fewer decimals, or in 32 bits."""
    if any(isinstance(each, bool) or not isinstance(each, int | float) for each in (sent, shown)):
        return False
    if math.isclose(sent, shown, rel_tol=FLOAT_PRECISION):
        return True
    decimal = load("decimal:Decimal")
    given, kept = (decimal(repr(each)).normalize() for each in (sent, shown))
    decimals = max(0, -kept.as_tuple().exponent)
    return bool(decimals < -given.as_tuple().exponent and abs(given - kept) < decimal(1).scaleb(-decimals))


LONGEST = 200
MOST_COMPARED = 2000
MOST_POINTS = 8  # Code points that are named of one difference.


def find_normalization_warnings(address: str, entry: Entry) -> Iterator[str]:
    """A warning for each value of an address that the API has normalized: both values, the code points that differ if
    they look the same, and what to write in the YAML."""
    for path, stored in sorted(entry.stored.items()):
        sent = get_value(entry.applied, parse_path(path) or ())
        pair = [each if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for each in (sent, stored)]
        points = ""
        if stored is not None and max(map(len, pair)) <= MOST_COMPARED and looks_same(sent, stored):
            # `autojunk` would overlook characters that are frequent in a long text.
            steps = load("difflib:SequenceMatcher")(None, *pair, autojunk=False).get_opcodes()
            cuts = [
                (pair[0][begin:end], pair[1][start:stop]) for tag, begin, end, start, stop in steps if tag != "equal"
            ]
            became = dict.fromkeys(f"{_name_points(before)} became {_name_points(after)}" for before, after in cuts)
            points = f" ({', '.join(became)})"
        kept = "nothing" if stored is None else _format_value(stored)
        advice = "leave it out of" if stored is None else f"write {kept} in"
        text = f"{address}: {path}: the API keeps {kept} of {_format_value(sent)}{points}"
        yield f"{text}; {advice} the YAML, and this warning ends"


def _format_value(value: Any) -> str:
    """A value as YAML takes it, truncated."""
    text = json.dumps(value, ensure_ascii=False)
    return truncate(text, LONGEST, f"… ({len(text)} characters; `explain` shows all)")


def _name_points(text: str) -> str:
    more = "…" if len(text) > MOST_POINTS else ""
    return " ".join(f"U+{ord(each):04X}" for each in text[:MOST_POINTS]) + more or "nothing"
