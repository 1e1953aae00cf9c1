"""`reconciler.testing`: every kind passes its checks, and one that does not do what it declares fails them."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from kinds.test_words import BOARD, CHOSEN, LINES, PARTS, collection, with_fields
from kinds.toys import NOTE, Collection, Toys, served, variant
from size import ends

from reconciler.errors import ReconcilerError
from reconciler.kinds import BUILT_IN, Kind, Kinds
from reconciler.kinds.schema import ID_PATTERN
from reconciler.testing import conformance

from .tag import TAG

EXAMPLE = {"name": "A", "colour": "red"}


def check(kind: Kind, *others: Kind, **collections: Collection) -> Toys:
    """Runs the checks of a toy, behind the kinds that it refers to. Returns the server, for what is left there."""
    toys = Toys({"notes": Collection(), **collections}, io.StringIO())
    with served(toys):
        conformance(kind, server=toys.url, kinds=Kinds(*others, kind))
    return toys


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", BUILT_IN.by_name.values(), ids=BUILT_IN.by_name)
def test_a_built_in_kind_does_what_it_declares(kind: Kind, tmp_path: Path) -> None:
    """Each, against a simulator of its own."""
    conformance(kind, server=f"simulator:{tmp_path / 'project.sqlite'}", kinds=BUILT_IN)


@pytest.mark.network
@pytest.mark.parametrize(
    ("kind", "others", "collections"),
    ends(
        [
            (NOTE, [], {}),
            (TAG, [], {"tags": Collection("tag", parts={"status": ("status", "status")}, defaults={"status": 0})}),
            (variant(NOTE, closed=True, on_demand=True, vendor_flag="is_system"), [], {}),
            (variant(CHOSEN, id_pattern=ID_PATTERN), [], {}),
            (
                variant(with_fields(NOTE, LINES), example={**EXAMPLE, "lines": [{"text": "one"}]}),
                [],
                {"notes": Collection(adds={"bold": False})},
            ),
            (
                variant(BOARD, example={"name": "X", "colour": "red", "notes": [{"note": "a"}], "data": {"top": None}}),
                [NOTE],
                {"boards": Collection("board")},
            ),
            (
                variant(PARTS, example={**EXAMPLE, "mapping": {"t": "String"}, "body": {"t": "x"}, "status": "live"}),
                [],
                {"notes": collection()},
            ),
        ]
    ),
    ids=["plain", "one file", "closed", "chosen id", "defaults", "references", "parts"],
)
def test_a_toy_does_what_it_declares(
    kind: Kind, others: list[Kind], collections: dict[str, Collection], no_waiting: None
) -> None:
    """Any server will do. Nothing is left there, but what ended in place of a DELETE."""
    toys = check(kind, *others, **collections)
    left = [record for each in toys.collections.values() for record in each.records.values()]
    assert {record.get("status") for record in left} <= {"ended"}


LOST = variant(NOTE, from_wire=lambda _raw, _: {"colour": "grey"})


@pytest.mark.network
@pytest.mark.parametrize(
    ("kind", "collections", "said"),
    [
        (LOST, {}, "without the state, live objects are not adopted"),
        (variant(NOTE, update="PATCH"), {}, "405"),
        (variant(NOTE, path="/stickers"), {}, "404"),
        (
            variant(TAG, from_wire=NOTE.from_wire),
            {"tags": Collection("tag", parts={"status": ("status", "status")}, defaults={"status": 0})},
            "update tag.kind",
        ),
        (
            NOTE,
            {"notes": Collection(resets=True, defaults={"colour": "blue"})},
            "expected a plan of nothing",
        ),
    ],
    ids=[
        "a field is read otherwise",
        "another method",
        "another path",
        "words that are not read back",
        "another meaning of PUT",
    ],
)
def test_what_a_kind_declares_wrongly_is_found(kind: Kind, collections: dict[str, Collection], said: str) -> None:
    """AssertionError, or the error of the tool."""
    with pytest.raises((AssertionError, ReconcilerError), match=said):
        check(kind, **collections)
