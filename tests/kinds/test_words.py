"""What a kind may declare, each word with a toy kind: the engine is the same for all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from offenders import for_all

from reconciler.cli.main import run
from reconciler.kinds import KINDS, Field, Kind, Kinds, Reference, SubEndpoint, using
from reconciler.kinds.declaration import Delivery
from reconciler.kinds.schema import text
from reconciler.threads import Threads

from .conftest import Open
from .toys import NOTE, Collection, variant

A = "sticky_notes: {a: {name: A, colour: red}}"


def with_fields(kind: Kind, *fields: Field, **more: object) -> Kind:
    """A kind with further fields."""
    return variant(kind, fields=(*kind.fields, *fields), **more)


def test_a_run_may_have_kinds_of_its_own() -> None:
    """The registry is a value of the context: threads have it, and afterwards all is as it was."""
    before = [*KINDS]
    with using(Kinds(NOTE)), Threads(1) as pool:
        assert [*KINDS] == ["sticky_note"]
        assert pool.submit(lambda: [*KINDS]).result() == ["sticky_note"]
    assert [*KINDS] == before


def test_a_registry_is_in_the_order_of_its_references() -> None:
    """A kind stands behind those that it refers to, and no two have one name."""
    user = with_fields(NOTE, Field("n", {}, reference=Reference("sticky_note", "n")), name="user", section="users")
    assert [*Kinds(NOTE, user).by_name] == ["sticky_note", "user"]
    with pytest.raises(ValueError, match="must stand before it"):
        Kinds(user, NOTE)
    with pytest.raises(ValueError, match="one name or one section"):
        Kinds(NOTE, NOTE)


@for_all(
    ("changes", "said"),
    [
        ({"natural_key": ("title",)}, "sticky_note names 'title', which is none of its fields"),
        ({"natural_key": ()}, "names '', which"),
        ({"name_field": "title"}, "'title'"),
        ({"chosen_id": "id"}, "'id'"),
        ({"delivery": Delivery(status="status", on="on")}, "'status'"),
        ({"name": "sticky.note"}, "'sticky.note' and 'sticky_notes' are no names"),
        ({"section": "sticky notes"}, "'sticky notes' are no names"),
    ],
)
def test_a_kind_names_only_what_it_has(changes: dict[str, object], said: str) -> None:
    """What is misspelt is told when the kinds are put together, and not in the middle of a plan."""
    with pytest.raises(ValueError, match=said):
        Kinds(variant(NOTE, **changes))


@pytest.mark.parametrize("kind", [lambda: variant(NOTE, delete=None), lambda: variant(PARTS, delete="DELETE")])
def test_an_object_has_one_end(kind: Callable[[], Kind]) -> None:
    """A delete, or a state that nothing leaves: without one it would stay for ever, and of two, one is a surprise."""
    with pytest.raises(ValueError, match="either a delete or a state"):
        Kinds(kind())


def test_a_kind_with_an_underscore_goes_the_whole_way(toys: Open) -> None:
    """Validate, apply, explain, moved: an address may have one before its point."""
    world, _ = toys(NOTE, notes=Collection())
    world.settle(A)
    assert run(["explain", "sticky_note.a.colour", str(world.folder)]) == 0
    world.write("sticky_notes: {b: {name: A, colour: red}}\nmoved: [{from: sticky_note.a, to: sticky_note.b}]")
    assert world.apply().code == 0
    assert world.plan().code == 0
    assert world.id_of("sticky_note.b") == "n1"


def test_rows_of_the_vendor_are_nobodys_to_change(toys: Open) -> None:
    """They are neither listed, pruned, exported nor adopted, and a name that one of them has may be used again."""
    world, collections = toys(variant(NOTE, vendor_flag="is_system"), notes=Collection())
    for _ in range(2):
        world.insert("notes", name="Ours")
        world.insert("notes", name="A", is_system=True)
        collections["notes"].records["n2"]["colour"] = "red"
        break
    world.settle(A)
    assert world.plan().document["unmanaged"] == [{"kind": "sticky_note", "id": "n1", "name": "Ours"}]
    assert world.id_of("sticky_note.a") == "n3"
    assert world.apply("--prune").code == 0
    assert [*collections["notes"].records] == ["n2", "n3"]
    folder = world.folder.parent / "exported"
    assert world.run("export", "--help").code == 0
    folder.mkdir()
    world.folder = folder
    assert world.run("export").code == 0
    assert "n2" not in (folder / ".reconciler" / "default.json").read_text()


@pytest.mark.parametrize(("status", "code"), [(403, 4), (404, 1)])
def test_a_kind_that_a_project_lacks_is_nothing_until_it_is_used(toys: Open, status: int, code: int) -> None:
    """Its list is not even asked for by a plan; export goes on without it; who writes one is told."""
    rare = variant(NOTE, name="rare", section="rares", path="/rares", on_demand=True)
    world, _ = toys(NOTE, rare, notes=Collection(), rares=Collection(refuses=status))
    world.settle(A)
    world.plan()
    assert {each["path"] for each in world.requests()} == {"/v4/notes"}
    world.write(f"{A}\nrares: {{r: {{name: R}}}}")
    assert world.plan().code == code
    world.requests()
    folder: Path = world.folder.parent / "exported"
    folder.mkdir()
    world.folder = folder
    assert world.run("export").code == 0
    assert "/v4/rares" in {each["path"] for each in world.requests()}


def test_a_list_that_is_read_on_demand_is_read_if_the_state_has_one(toys: Open) -> None:
    """What was removed from the configuration is found and deleted."""
    rare = variant(NOTE, name="rare", section="rares", path="/rares", on_demand=True)
    world, collections = toys(NOTE, rare, notes=Collection(), rares=Collection())
    world.settle(f"{A}\nrares: {{r: {{name: R}}}}")
    world.write(A)
    assert world.plan().actions() == {"rare.r": "delete"}
    assert world.apply().code == 0
    assert not collections["rares"].records


LINES = Field(
    "lines",
    {
        "type": "array",
        "description": "Lines.",
        "items": {
            "type": "object",
            "description": "A line.",
            "properties": {
                "text": text("Words."),
                "bold": {"type": "boolean", "default": False, "description": "Bold."},
            },
        },
    },
    required=False,
    unordered=True,
)


def test_what_the_server_adds_to_an_item_is_no_difference(toys: Open) -> None:
    """An item that lacks a key is compared with what the API adds; another value is a difference."""
    world, _ = toys(with_fields(NOTE, LINES), notes=Collection(adds={"bold": False}))
    world.settle("sticky_notes: {a: {name: A, lines: [{text: one}, {text: two, bold: true}]}}")
    world.edit("notes", "n1", lines=[{"text": "two", "bold": True}, {"text": "one", "bold": False}])
    assert world.plan().code == 0
    world.edit("notes", "n1", lines=[{"text": "two", "bold": True}, {"text": "one", "bold": True}])
    assert world.plan().causes("sticky_note.a") == {"lines": "drift"}


BOARD = with_fields(
    variant(NOTE, name="board", section="boards", path="/boards", object_name="board"),
    Field(
        "notes",
        {"type": "array", "description": "Notes.", "items": {"type": ["string", "object"], "description": "A note."}},
        required=False,
        unordered=True,
        reference=Reference("sticky_note", "note", attach_first=True),
    ),
    Field(
        "data",
        {
            "type": "object",
            "description": "Data.",
            "properties": {"top": {"type": ["string", "object", "null"], "description": "The note on top."}},
        },
        required=False,
        reference=Reference("sticky_note", "note", path=("top",)),
    ),
)


def test_references_stand_anywhere_in_a_value(toys: Open) -> None:
    """In a list and as one value within a map, sent as the bare id, in the order that they need."""
    world, collections = toys(NOTE, BOARD, notes=Collection(), boards=Collection("board"))
    world.write(
        """
        sticky_notes: {a: {name: A}, b: {name: B}}
        boards:
          x: {name: X, notes: [{note: a}, other], data: {top: {note: b}, size: 3}}
        """
    )
    assert world.plan().change("board.x")["depends_on"] == ["sticky_note.a", "sticky_note.b"]
    done = world.apply()
    assert done.code == 0, done.out
    assert world.plan().code == 0
    record = collections["boards"].records["n1"]
    assert set(record["notes"]) == {world.id_of("sticky_note.a"), "other"}
    assert record["data"] == {"top": world.id_of("sticky_note.b"), "size": 3}
    graph = world.run("graph", "--format", "dot").out
    assert graph.count("->") == 3, graph


def test_an_explanation_tells_of_a_reference_at_its_place(toys: Open, capsys: pytest.CaptureFixture[str]) -> None:
    """And of none at another value of the same field."""
    world, _ = toys(NOTE, BOARD, notes=Collection(), boards=Collection("board"))
    world.settle("sticky_notes: {b: {name: B}}\nboards: {x: {name: X, data: {top: {note: b}, size: 3}}}")
    capsys.readouterr()
    assert run(["explain", "board.x.data.top", str(world.folder)]) == 0
    assert "sticky_note.b is n1" in capsys.readouterr().out
    assert run(["explain", "board.x.data.size", str(world.folder)]) == 0
    assert "sticky_note.b" not in capsys.readouterr().out


def test_a_reference_to_nothing_is_told_at_its_place(toys: Open) -> None:
    """With the path of the value, in a list or not."""
    world, _ = toys(NOTE, BOARD, notes=Collection(), boards=Collection("board"))
    world.write("sticky_notes: {a: {name: A}}\nboards: {x: {name: X, notes: [{note: aa}], data: {top: {note: c}}}}")
    done = world.run("validate")
    assert done.code == 3
    assert "notes[0].note: there is no sticky_note" in done.err
    assert "data.top.note: there is no sticky_note" in done.err


def test_what_is_referred_to_goes_after_what_refers(toys: Open) -> None:
    """A delete waits for the update that ends the use."""
    world, _ = toys(NOTE, BOARD, notes=Collection(), boards=Collection("board"))
    world.settle("sticky_notes: {a: {name: A}}\nboards: {x: {name: X, notes: [{note: a}], data: {top: {note: a}}}}")
    world.write("boards: {x: {name: X, notes: [], data: {top: null}}}")
    assert world.plan().change("sticky_note.a")["depends_on"] == ["board.x"]
    assert world.apply().code == 0
    assert [path for _, path, _ in world.writes()] == ["/v4/boards/n1", "/v4/notes/n1"]


def test_export_writes_references_by_their_keys(toys: Open) -> None:
    """Also where a value is the bare id."""
    world, _ = toys(NOTE, BOARD, notes=Collection(), boards=Collection("board"))
    note = world.insert("notes", name="A")
    world.insert("boards", name="X", notes=[note, "other"], data={"top": note})
    assert world.run("export").code == 0
    written = (world.folder / "boards.yaml").read_text()
    assert "note: a" in written
    assert note not in written
    assert world.plan().code == 0


def test_a_target_is_attached_before_it_is_detached(toys: Open) -> None:
    """From whichever object to whichever: at no moment is it in none. If two give each other something, a note says."""
    world, _ = toys(NOTE, BOARD, notes=Collection(), boards=Collection("board"))
    notes = "sticky_notes: {a: {name: A}, b: {name: B}}"
    world.settle(f"{notes}\nboards: {{x: {{name: X, notes: [{{note: a}}]}}, y: {{name: Y, notes: []}}}}")
    world.write(f"{notes}\nboards: {{x: {{name: X, notes: []}}, y: {{name: Y, notes: [{{note: a}}]}}}}")
    assert world.plan().change("board.x")["depends_on"] == ["board.y"]
    assert world.apply().code == 0
    written = f"{notes}\nboards: {{x: {{name: X, notes: [{{note: b}}]}}, y: {{name: Y, notes: [{{note: a}}]}}}}"
    world.settle(written)
    world.write(f"{notes}\nboards: {{x: {{name: X, notes: [{{note: a}}]}}, y: {{name: Y, notes: [{{note: b}}]}}}}")
    planned = world.plan()
    assert "takes something from the other" in planned.out
    assert world.apply().code == 0
    assert world.plan().code == 0


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("is_partial", [True, False])
def test_an_update_is_sent_as_it_is_declared(toys: Open, method: str, is_partial: bool) -> None:
    """By PUT or PATCH; partial, or whole with what is not managed, since an omitted field is reset."""
    kind = variant(NOTE, update=method, partial_update=is_partial)
    collection = Collection(method=method, defaults={"colour": "white"}, resets=not is_partial)
    world, collections = toys(kind, notes=collection)
    note = world.insert("notes", name="A", colour="red")
    world.write(f"sticky_notes: {{a: {{name: B}}}}\nimports: [{{to: sticky_note.a, id: {note}}}]")
    assert world.apply().code == 0
    body = {"name": "B"} if is_partial else {"name": "B", "colour": "red"}
    assert world.writes() == [(method, f"/v4/notes/{note}", body)]
    assert collections["notes"].records[note]["colour"] == "red"


def test_every_write_is_sent_as_it_is_declared(toys: Open) -> None:
    """An API may have other methods than POST and DELETE, also for a trial delivery."""
    kind = variant(NOTE, create="PUT", delete="PATCH", test="PUT", test_path="/trial")
    trial = {"parts": {"trial": ("name", "name")}, "forgets": frozenset({"name"})}
    world, collections = toys(kind, notes=Collection(creates="PUT", deletes="PATCH", **trial))  # type: ignore[arg-type]
    world.settle("sticky_notes: {a: {name: A}, b: {name: B}}")
    world.write("sticky_notes: {b: {name: B}}")
    assert world.apply().code == 0
    assert run(["send-test", "sticky_note.b", str(world.folder)]) == 0
    kept, gone = world.id_of("sticky_note.b"), {"n1", "n2"} - {world.id_of("sticky_note.b")}
    written = [(method, path) for method, path, _ in world.writes()]
    assert written == [("PATCH", f"/v4/notes/{gone.pop()}"), ("PUT", f"/v4/notes/{kept}/trial")]
    assert [each["name"] for each in collections["notes"].records.values()] == ["B"]


MOVES = {"draft": ("live", "ended"), "live": ("ended",), "ended": ()}
STATUS = Field(
    "status",
    text("Its status.", enum=[*MOVES]),
    required=False,
    sub_endpoint=SubEndpoint(
        "PATCH",
        "/status",
        "status",
        words={each: each for each in MOVES},
        initial="draft",
        moves=MOVES,
        comes_last=True,
    ),
)
MAP = {"type": "object", "description": "A map."}
PARTS = with_fields(
    NOTE,
    Field("mapping", MAP, required=False, sub_endpoint=SubEndpoint("POST", "/mapping", "data", reads=True)),
    Field("body", MAP, required=False, sub_endpoint=SubEndpoint("PUT", "/body", "values", reads=True), most_bytes=1000),
    STATUS,
    delete=None,
    closed=True,
)
WHOLE = "sticky_notes: {a: {name: A, mapping: {t: String}, body: {t: x}, status: live}}"


def collection(**more: object) -> Collection:
    """A collection with sub-endpoints, of which two are told by these alone."""
    parts = {"mapping": ("mapping", "data"), "body": ("body", "values"), "status": ("status", "status")}
    return Collection(parts=parts, apart=frozenset({"mapping", "body"}), defaults={"status": "draft"}, **more)  # type: ignore[arg-type]


def test_parts_are_written_in_order_and_the_last_after_a_look(toys: Open) -> None:
    """Create, mapping, body, read back, status; then the plan is empty."""
    world, _ = toys(PARTS, notes=collection())
    world.write(WHOLE)
    assert world.apply().code == 0
    sent = [(each["method"], each["path"].removeprefix("/v4/notes")) for each in world.requests()]
    first, last = sent.index(("POST", "")), sent.index(("PATCH", "/n1/status"))
    assert [each for each in sent if each[0] != "GET"] == [
        ("POST", ""),
        ("POST", "/n1/mapping"),
        ("PUT", "/n1/body"),
        ("PATCH", "/n1/status"),
    ]
    assert {("GET", "/n1"), ("GET", "/n1/mapping"), ("GET", "/n1/body")} <= set(sent[first:last])
    assert world.plan().code == 0


def test_parts_are_read_of_managed_objects_alone(toys: Open) -> None:
    """Two requests for each of these, none for others, and drift within a part shows."""
    world, _ = toys(PARTS, notes=collection())
    world.insert("notes", name="Other")
    world.settle(WHOLE)
    assert world.plan().code == 0
    assert {each["path"] for each in world.requests()} == {"/v4/notes", "/v4/notes/n2/mapping", "/v4/notes/n2/body"}
    world.edit("notes", "n2", body={"t": "y"})
    assert world.plan().causes("sticky_note.a") == {"body.t": "drift"}
    assert world.apply().code == 0
    assert world.writes() == [("PUT", "/v4/notes/n2/body", {"values": {"t": "x"}})]


def test_what_changes_beside_a_part_sends_that_alone(toys: Open) -> None:
    """A full PUT has neither the parts nor the status, and none of them is sent again."""
    world, _ = toys(PARTS, notes=collection())
    world.settle(WHOLE)
    world.write(WHOLE.replace("name: A", "name: B"))
    assert world.apply().code == 0
    assert world.writes() == [("PUT", "/v4/notes/n1", {"name": "B"})]


def test_what_the_server_does_not_keep_is_not_activated(toys: Open, no_waiting: None) -> None:
    """The status waits until what was written before shows."""
    world, collections = toys(PARTS, notes=collection(forgets=frozenset({"body"})))
    world.write(WHOLE)
    done = world.apply()
    assert done.code in (1, 6)
    assert "is not set, as what was written before it does not show" in done.out + done.err
    assert collections["notes"].records["n1"]["status"] == "draft"


def test_an_object_that_starts_as_active_is_warned_about(toys: Open) -> None:
    """The status that it has already is not sent again."""
    world, collections = toys(PARTS, notes=collection())
    collections["notes"].defaults = {"status": "live"}
    world.write(WHOLE)
    done = world.apply()
    assert done.code == 0
    assert "with the status live at once" in done.out + done.err
    assert "/v4/notes/n1/status" not in {path for _, path, _ in world.writes()}


def test_a_value_that_is_too_large_is_an_error_with_its_size(toys: Open) -> None:
    """Before anything is sent."""
    world, _ = toys(PARTS, notes=collection())
    world.write(f"sticky_notes: {{a: {{name: A, body: {{t: {'x' * 1000}}}}}}}")
    done = world.run("validate")
    assert done.code == 3
    assert "body: the request for it has 1,019 bytes; expected at most 1,000" in done.err


def test_an_end_is_a_delete_in_all_that_judges_it(toys: Open) -> None:
    """Refused without its name; then the state is written in place of a DELETE, and the object counts as gone."""
    world, collections = toys(PARTS, notes=collection())
    world.settle(WHOLE)
    world.write(WHOLE.replace("status: live", "status: ended"))
    refused = world.apply()
    assert refused.code == 5
    assert "--allow delete:sticky_note" in refused.err
    assert world.plan().actions() == {"sticky_note.a": "delete"}
    assert world.apply("--allow", "delete:sticky_note").code == 0
    assert world.writes() == [("PATCH", "/v4/notes/n1/status", {"status": "ended"})]
    assert world.plan().document["unmanaged"] == []
    assert world.plan().code == 0
    assert world.apply("--prune").code == 0
    assert [*collections["notes"].records] == ["n1"]


def test_a_removed_block_ends_its_object_and_undo_makes_another(toys: Open) -> None:
    """With what its parts held."""
    world, collections = toys(PARTS, notes=collection())
    world.settle(WHOLE)
    (world.folder / "main.yaml").write_text("sticky_notes: {b: {name: B}}")
    assert world.apply("--allow", "delete:sticky_note").code == 0
    assert collections["notes"].records["n1"]["status"] == "ended"
    saved = str(world.folder.parent / "undo.plan")
    planned = world.plan("--undo", "latest", "--allow", "delete:sticky_note", "--out", saved)
    assert planned.actions() == {"sticky_note.a": "create", "sticky_note.b": "delete"}
    assert world.apply("--plan", saved).code == 0
    assert collections["notes"].records["n3"]["body"] == {"t": "x"}
    assert collections["notes"].records["n3"]["status"] == "live"
    assert collections["notes"].records["n2"]["status"] == "ended"


def test_what_ended_outside_is_made_anew(toys: Open) -> None:
    """An object in such a state is gone: it is neither adopted nor listed."""
    world, _ = toys(PARTS, notes=collection())
    world.settle(WHOLE.replace("live}}", "live}, b: {name: B}}"))
    ended = world.id_of("sticky_note.a")
    world.edit("notes", ended, status="ended")
    planned = world.plan()
    assert planned.actions() == {"sticky_note.a": "create"}
    assert f"{ended} is gone" in planned.out
    assert world.apply().code == 0
    assert world.id_of("sticky_note.a") == "n3"
    assert world.plan().code == 0


def test_a_state_that_cannot_be_entered_again_is_a_persons_step(toys: Open) -> None:
    """Or a new object, where that is allowed."""
    world, _ = toys(variant(PARTS, closed=False), notes=collection())
    world.settle(WHOLE)
    world.write(WHOLE.replace("status: live", "status: draft"))
    assert world.plan().actions() == {"sticky_note.a": "manual"}
    world.write(WHOLE.replace("status: live", "status: draft, lifecycle: {replace: allow}"))
    assert world.plan().actions() == {"sticky_note.a": "replace"}
    assert world.apply().code == 0
    assert world.plan().code == 0


CHOSEN = variant(
    NOTE,
    fields=(Field("id", text("Its id.", pattern="^[a-z :]+$"), required=False, immutable=True), *NOTE.fields),
    server_fields=NOTE.server_fields - {"id"},
    natural_key=("id",),
    name_field="id",
    chosen_id="id",
    id_pattern="^[a-z :]{1,20}$",
    closed=True,
)


def test_an_id_that_the_caller_chooses_is_its_key_or_what_is_written(toys: Open) -> None:
    """Sent on create, found again by it without a state, percent-encoded in paths, judged by its own pattern."""
    world, collections = toys(CHOSEN, notes=Collection())
    world.write("sticky_notes: {a: {name: A}, b: {id: 'x :y', name: B}}")
    assert world.apply().code == 0
    assert {*collections["notes"].records} == {"a", "x :y"}
    world.state.unlink()
    assert set(world.plan().actions().values()) == {"adopt"}
    world.write("sticky_notes: {a: {name: A}, b: {id: 'x :y', name: C}}")
    assert world.apply().code == 0
    assert collections["notes"].records["x :y"]["name"] == "C"
    world.write("sticky_notes: {a: {name: A}, b: {id: 'x :z', name: C}}")
    assert world.plan().actions() == {"sticky_note.b": "manual"}


def test_one_id_at_two_addresses_is_an_error(toys: Open) -> None:
    """Also if one of them is only the key."""
    world, _ = toys(CHOSEN, notes=Collection())
    world.write("sticky_notes: {a: {name: A}, b: {id: a, name: B}}")
    done = world.run("validate")
    assert done.code == 3
    assert 'has the same id "a"' in done.err


def test_the_id_of_a_managed_object_is_a_reference(toys: Open) -> None:
    """So its create comes first."""
    world, _ = toys(CHOSEN, BOARD, notes=Collection(), boards=Collection("board"))
    world.write("sticky_notes: {k: {id: a, name: A}}\nboards: {x: {name: X, notes: [a, b]}}")
    assert world.plan().change("board.x")["depends_on"] == ["sticky_note.k"]
    assert world.apply().code == 0
    assert world.plan().code == 0


def test_closed_deletes_have_a_word_of_their_own(toys: Open) -> None:
    """The word of another kind does not open them, and no such word exists for a kind that is open."""
    world, _ = toys(CHOSEN, BOARD, notes=Collection(), boards=Collection("board"))
    world.settle("sticky_notes: {a: {name: A}}\nboards: {x: {name: X}}")
    world.write("boards: {x: {name: X}}")
    assert world.apply().code == 5
    assert world.apply("--allow", "vanished").code == 5
    assert world.apply("--allow", "delete:board").code == 64
    assert world.apply("--allow", "delete:sticky_note").code == 0


def test_when_an_object_changed_is_told_as_its_kind_says(toys: Open) -> None:
    """Under the name that its record has for it."""
    world, _ = toys(variant(NOTE, changed_at="is_system"), notes=Collection())
    world.settle(A)
    world.edit("notes", "n1", colour="blue", is_system="2026-11-20T10:00:00Z", updated_at="2001-01-01T00:00:00Z")
    assert "2026-11-20T10:00:00Z" in world.run("drift").out
