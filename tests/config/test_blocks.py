"""`moved`, `removed` and `imports`: reviewed refactorings that must fit the configuration."""

from __future__ import annotations

import pytest

from .conftest import Folder, written


def test_blocks_are_read(folder: Folder) -> None:
    """All three, over several files; a chain of moves may pass through an address that is gone."""
    folder.write(written("automations", "now") + written("automations", "new").split("\n", 1)[1].replace("We", "Yo"))
    folder.write(
        "moved: [{from: automation.old, to: automation.mid}, {from: automation.mid, to: automation.now}]", "m.yaml"
    )
    folder.write("removed:\n- {from: report.x, destroy: false}\n- {from: report.y, destroy: true}\n", "r.yaml")
    folder.write("imports: [{to: automation.new, id: wbRlfw1x}]", "i.yaml")
    desired = folder.desired()
    assert [(each.source, each.target) for each in desired.moved] == [
        ("automation.old", "automation.mid"),
        ("automation.mid", "automation.now"),
    ]
    assert [(each.source, each.destroy) for each in desired.removed] == [("report.x", False), ("report.y", True)]
    assert [(each.target, each.id) for each in desired.imports] == [("automation.new", "wbRlfw1x")]
    assert str(desired.imports[0].location).endswith("i.yaml:1:11")


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        (
            "moved: [{from: automations.old, to: automation.a}]",
            16,
            'moved: from: found the text "automations.old"; expected the address it had, for example '
            'report.daily-revenue; did you mean "automation.old"?',
        ),
        (
            "moved: [{from: automation.a, to: automation.a}]",
            34,
            "moved: to: automation.a moves to itself; expected another key",
        ),
        (
            "moved: [{from: report.old, to: automation.a}]",
            32,
            "moved: to: report.old cannot become automation.a; expected a key of the same kind",
        ),
        (
            "moved: [{from: automation.old}]",
            9,
            'moved: "to" is missing; expected the address it has now, for example report.daily-revenue',
        ),
        (
            "moved: [{form: automation.old, to: automation.a}]",
            10,
            'moved: unknown key "form"; expected one of from, to; did you mean "from"?',
        ),
        ("moved: [automation.old]", 9, 'moved: found the text "automation.old"; expected a map of from, to'),
        (
            "removed: [{from: report.x}]",
            11,
            'removed: "destroy" is missing; expected true or false',
        ),
        (
            "removed: [{from: report.x, destroy: no}]",
            37,
            'removed: destroy: found the text "no"; expected true or false; did you mean false?',
        ),
        (
            "removed: [{from: automation.a, destroy: false}]",
            18,
            "removed: from: automation.a is still in the configuration, at main.yaml:2:3; "
            "expected it gone, or this item gone",
        ),
        (
            "removed: [{from: report.x, destroy: false}, {from: report.x, destroy: true}]",
            52,
            'removed: from: "report.x" is in removed at main.yaml:6:11 already; expected it once',
        ),
        (
            "imports: [{to: automation.a, id: a/b}]",
            34,
            'imports: id: found the text "a/b"; expected the id of a live object, or a map of environments to ids, '
            "for example wbRlfw1x",
        ),
        (
            "imports: [{to: automation.a, id: 12}]",
            34,
            "imports: id: found the number 12; expected the id of a live object, or a map of environments to ids, "
            "for example wbRlfw1x; write it in quotes",
        ),
        (
            'imports: [{to: automation.a, id: "x\\n"}]',
            34,
            'imports: id: found the text "x\\n"; expected the id of a live object, or a map of environments to ids, '
            "for example wbRlfw1x",
        ),
        (
            "imports: [{to: automation.a, id: x}, {to: automation.a, id: y}]",
            43,
            'imports: to: "automation.a" is in imports at main.yaml:6:11 already; expected it once',
        ),
    ],
)
def test_a_wrong_item(folder: Folder, text: str, column: int, said: str) -> None:
    """The place is the wrong value, the unknown key, or the item that lacks one."""
    folder.write(written("automations") + text)
    assert folder.problems() == [f"main.yaml:6:{column}: {said}"]


def test_what_has_moved_is_gone(folder: Folder) -> None:
    """An address cannot be both the old name of something and still in use."""
    folder.write(written("automations", "a") + "  b: {name: B, status: active, data: {}}\n")
    folder.write("moved: [{from: automation.a, to: automation.b}]", "m.yaml")
    assert folder.problems() == [
        "m.yaml:1:16: moved: from: automation.a is still in the configuration, at main.yaml:2:3; "
        "expected it under `to` only"
    ]


def test_one_live_object_has_one_address(folder: Folder) -> None:
    """An id is imported once within a kind; other kinds have ids of their own."""
    folder.write(written("automations", "a") + "  b: {name: B, status: active, data: {}}\n" + written("reports", "r"))
    folder.write("imports: [{to: automation.a, id: x}, {to: report.r, id: x}, {to: automation.b, id: x}]", "i.yaml")
    assert folder.problems() == ['i.yaml:1:84: imports: id: "x" is in imports at i.yaml:1:11 already; expected it once']


ENVIRONMENTS = "environments: {sandbox: {}, production: {}, other: {}}\n"


def test_an_import_may_name_an_id_for_each_environment(folder: Folder) -> None:
    """An environment that is not named imports nothing; two items may share an address between environments."""
    folder.write(ENVIRONMENTS, "reconciler.yaml")
    folder.write(
        written("automations") + "imports: [{to: automation.a, id: {sandbox: aaa, production: bbb}}, "
        "{to: automation.a, id: {other: aaa}}]"
    )
    found = {name: folder.desired(name).imports for name in ("sandbox", "production", "other")}
    assert {name: [each.id for each in imports] for name, imports in found.items()} == {
        "sandbox": ["aaa"],
        "production": ["bbb"],
        "other": ["aaa"],
    }
    assert str(found["other"][0].location).endswith("main.yaml:6:68")
    folder.write(written("automations") + "imports: [{to: automation.a, id: {sandbox: aaa}}]")
    assert folder.desired("production").imports == ()


@pytest.mark.parametrize(
    ("ids", "column", "said"),
    [
        (
            "{sandbx: a}",
            35,
            'id: there is no environment "sandbx"; expected one of sandbox, production, other; did you mean "sandbox"?',
        ),
        (
            "{sandbox: a/b}",
            44,
            'id.sandbox: found the text "a/b"; expected the id of a live object, for example wbRlfw1x',
        ),
        (
            "{}",
            34,
            "id: is empty; expected the id of a live object, or a map of environments to ids, for example wbRlfw1x",
        ),
        (
            "{sandbox: a}}, {to: automation.a, id: {sandbox: b}",
            54,
            'to: "automation.a" is in imports at main.yaml:6:11 already; expected it once (in the environment sandbox)',
        ),
    ],
)
def test_a_wrong_id_for_an_environment(folder: Folder, ids: str, column: int, said: str) -> None:
    """A name that is no environment is named at its place, and once."""
    folder.write(ENVIRONMENTS, "reconciler.yaml")
    folder.write(written("automations") + f"imports: [{{to: automation.a, id: {ids}}}]")
    assert folder.problems() == [f"main.yaml:6:{column}: imports: {said}"]
