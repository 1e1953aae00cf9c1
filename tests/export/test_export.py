"""A live project as YAML: how most people begin."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from architecture.imports import ROOT
from world import Json, World, automation, integration, report

from reconciler.cli.main import run
from reconciler.yaml import read

UGLY = [
    "Été à la plage",
    "日本語",
    "\N{ROCKET} launch \N{ROCKET}",
    "<b>bold</b> & [red]markup[/red]",
    "no",
    "on",
    "null",
    "~",
    "1e3",
    "0x1F",
    "10:30",
    "2026-01-01",
    "- item",
    "key: value",
    "# comment",
    "&anchor *alias !tag",
    "\"quoted\" 'twice'",
    "back\\slash \\n",
    "${x} $${y} ${var.prefix} $ {",
    " leading and trailing ",
    "line\nbreak",
    "tab\tand\rreturn",
    "\x7f\x85\xa0\u2028\u2029\ufeff\u200b",
    "9 lives",
    "-",
    "%percent @at `tick`",
    "x" * 255,
]
COLLECTIONS = ("integrations", "scheduled-reports", "automations")


def files(folder: Path) -> dict[str, bytes]:
    """What an export wrote for people: file name → content."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.yaml"))}


def sections(folder: Path) -> Json:
    """All that the files say."""
    found: Json = {}
    for name, content in files(folder).items():
        documents, problems = read(content, name)
        assert problems == []
        found |= documents[0].value
    return found


def exported(world: World, folder: Path) -> str:
    """Export, validate, plan: 0, 0, 0 with nothing to do. Gives what was said."""
    done = world.run("export")
    assert done.code == 0, done.err
    assert done.out == ""
    assert world.run("validate").code == 0
    planned = world.plan()
    assert (planned.code, planned.document["changes"]) == (0, []), planned.out
    assert not [each for each in world.requests() if each["method"] != "GET"]
    assert world.apply().code == 0
    assert world.writes() == []
    assert folder.is_dir()
    return done.err


@pytest.mark.git
@pytest.mark.parametrize("above", ["", "..", "../.."])
def test_editors_find_the_schema(world: World, above: str) -> None:
    """Each file begins with its line: to the one of the repository, else to one that is written beside the YAML."""
    git = ["git", "-C", str(world.folder.parent)]
    subprocess.run([*git, "init"], check=True, capture_output=True)
    schema = world.folder / above / "schemas" / "configuration.schema.json"
    if above:
        schema.parent.mkdir()
        schema.write_text("ours", encoding="utf-8")
    world.insert("automations", **automation("One"))
    exported(world, world.folder)
    where = {"": "", "..": "../", "../..": ""}[above]
    line = f"# yaml-language-server: $schema={where}schemas/configuration.schema.json\n"
    assert all(text.decode().startswith(line) for text in files(world.folder).values())
    own = world.folder / "schemas" / "configuration.schema.json"
    assert own.is_file() is (above != "..")
    if above != "..":
        assert own.read_bytes() == (ROOT / "schemas" / "configuration.schema.json").read_bytes()


def test_numbers_within_names_are_in_order(world: World) -> None:
    """2 stands before 10."""
    for number in (10, 2, 1):
        world.insert("automations", **automation(f"Flow {number}"))
    exported(world, world.folder)
    assert list(sections(world.folder)["automations"]) == ["flow-1", "flow-2", "flow-10"]


def test_what_was_exported_is_counted_with_its_address(world: World) -> None:
    """The last line names an address that is not the vendor's."""
    world.insert("automations", **automation("One"))
    assert f"1 object exported (API: {world.url}); `reconciler plan " in exported(world, world.folder)


def test_ugly_names_come_through(world: World) -> None:
    """Unicode, markup, emoji, YAML look-alikes, variables: what is read back is what is live, to the letter."""
    for number, name in enumerate(UGLY):
        hook = world.insert("integrations", **integration(name, active=number % 3))
        world.insert("scheduled-reports", **report(name, hook))
        data: Json = {"actions": {"push": name}, "note": name, "nested": [{"a": [name, None, True, 1.5]}]}
        world.insert("automations", **automation(name, caption=name, data=data))
    before = [world.live(each) for each in COLLECTIONS]
    said = exported(world, world.folder)
    assert [world.live(each) for each in COLLECTIONS] == before
    written = sections(world.folder)
    assert {len(written[section]) for section in ("integrations", "reports", "automations")} == {len(UGLY)}
    assert "left out" not in said
    # A plan compares what was read back, so all of it must count: one edit of each is one change.
    first = world.live("automations")[0]["id"]
    world.edit("automations", first, caption="other")
    assert len(world.plan().document["changes"]) == 1


def test_references_stand_in_the_place_of_ids(world: World) -> None:
    """A report names the integration's key; an id that is nobody's stays an id."""
    hook, gone = (world.insert("integrations", **integration(name)) for name in ("My hook", "Gone"))
    world.insert("scheduled-reports", **report("Both", gone, hook))
    world.remove("integrations", gone)
    exported(world, world.folder)
    assert sections(world.folder)["reports"]["both"]["destinations"] == [
        {"type": "target_integration", "id": gone},
        {"integration": "my-hook"},
    ]


def test_keys_are_unique_and_tell_the_name(world: World) -> None:
    """Names that make the same key have their id in it; a name without letters has the kind's."""
    ids = [world.insert("automations", **automation(name)) for name in ("Daily!", "daily", "日本", "Café", "9 lives")]
    exported(world, world.folder)
    keys = set(sections(world.folder)["automations"])
    assert keys == {
        f"daily-{ids[0].lower()}",
        f"daily-{ids[1].lower()}",
        f"automation-{ids[2].lower()}",
        "cafe",
        "9-lives",
    }


def test_what_cannot_be_written_is_left_out_and_named(world: World) -> None:
    """It stays live and unmanaged; an optional field alone is left alone."""
    first, second = (world.insert("automations", **automation("Same")) for _ in range(2))
    unknown = world.insert("automations", **automation("Unknown", status="unknown"))
    keyed = world.insert("automations", **automation("Keyed", data={"actions": {"push": "p"}, "${k}": 1}))
    new = world.insert("integrations", **integration("New provider", integration="Hooks & Co"))
    broken = world.insert("integrations", **integration("Broken", active=2))
    empty = world.insert("scheduled-reports", **report("Nowhere"))
    odd = world.insert("scheduled-reports", **report("Odd", broken, status="archived"))
    said = exported(world, world.folder)
    left_out = {first, second, unknown, keyed, new, empty, odd}
    assert {each["id"] for each in world.plan().document["unmanaged"]} == left_out
    for object_id in left_out:
        assert any(object_id in line and "left out" in line for line in said.splitlines())
    assert any(
        broken in line and 'status is not written: the server sets "error"' in line for line in said.splitlines()
    )
    assert "status" not in sections(world.folder)["integrations"]["broken"]


def test_exporting_twice_gives_the_same_bytes(world: World, tmp_path: Path) -> None:
    """Into another folder, whatever the order in which the API lists: a diff shows only what changed."""
    for name in UGLY:
        world.insert("automations", **automation(name))
        world.insert("scheduled-reports", **report(name, world.insert("integrations", **integration(name))))
    exported(world, world.folder)
    other = tmp_path / "other"
    assert run(["export", str(other)]) == 0
    assert files(other) == files(world.folder)


def test_an_empty_project_is_exported_as_nothing(world: World) -> None:
    """One file without any resource, for a folder without files is no configuration, and a plan of nothing."""
    exported(world, world.folder)
    assert sections(world.folder) == {"integrations": {}}
    assert [*files(world.folder)] == ["integrations.yaml"]


@pytest.mark.parametrize("known_by", ["configuration", "state", "file"])
def test_a_folder_that_manages_something_is_refused(world: World, known_by: str) -> None:
    """Exit 5, and nothing is written over."""
    flow = "automations: {mine: {name: Mine, status: active, data: {actions: {push: p1}}}}\n"
    world.insert("automations", **automation("Theirs"))
    if known_by == "state":
        world.settle(flow)
        (world.folder / "main.yaml").unlink()
    else:
        world.write(flow if known_by == "configuration" else "automations: {}\n", "automations.yaml")
    before = files(world.folder)
    refused = world.run("export")
    assert refused.code == 5
    assert "empty folder" in refused.err
    assert files(world.folder) == before


def test_an_export_can_be_worked_with(world: World) -> None:
    """An edit of an exported file is one change, with the cause `config`: the state came with it."""
    world.insert("scheduled-reports", **report("Daily", world.insert("integrations", **integration("Hook"))))
    exported(world, world.folder)
    path = world.folder / "reports.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("status: active", "status: draft"), encoding="utf-8")
    assert world.plan().causes("report.daily") == {"status": "config"}
    world.requests()
    assert world.apply().code == 0
    assert [body for _, _, body in world.writes()] == [{"status": "draft"}]


@pytest.mark.parametrize("other", ["Daily ", "\u2009Daily", "Caf\u00e9 Daily"])
def test_names_that_differ_in_what_an_api_normalises_are_left_out(world: World, other: str) -> None:
    """Two live objects that YAML would take for one: both stay as they are, named in a warning; the plan is empty."""
    first = "Cafe\u0301 Daily" if "Caf" in other else "Daily"
    for name in (first, other, "Weekly"):
        world.insert("automations", **automation(name))
    exported = world.run("export")
    assert exported.code == 0, exported.err
    assert exported.err.count("is left out") == 2
    settled = world.plan()
    assert (settled.code, settled.document["summary"]["unmanaged"]) == (0, 2), settled.err


def test_a_folder_with_defaults_is_refused(world: World) -> None:
    """They would give what is exported other values, and the next apply would send these."""
    world.insert("automations", **automation("Flow"))
    world.write("defaults: {automations: {caption: Hello}}")
    refused = world.run("export")
    assert refused.code == 5
    assert f"{world.folder}/main.yaml:1:1: these defaults would change what is exported" in refused.err
    assert sorted(files(world.folder)) == ["main.yaml"]
