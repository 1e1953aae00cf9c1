"""What a mistake, a shared project or a long interruption does to the commands of several environments."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
from scope.conftest import git
from world import KEY, World, report

from environments.conftest import NAMES, Fleet, make_fleet, report_line
from reconciler.model.addresses import ObjectRef
from reconciler.model.inputs import Live, Record
from reconciler.plan.compare import Identity, find_shared_objects, identify


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_target_that_one_has(fleet: Fleet, command: str) -> None:
    """The others are left out, and that is said; one that none has is wrong usage, told once."""
    fleet.write(report_line("daily", more="only_in: [sandbox], "), report_line("other"))
    flags = ["--auto-approve"] if command == "apply" else []
    done = fleet.run(command, "--all", "--target", "report.daily", *flags)
    assert done.code == 0, done.err
    assert "left out: --target report.daily" in done.out
    wrong = fleet.run(command, "--all", "--target", "report.dayly", *flags)
    assert wrong.code == 64
    assert wrong.err.count("error:") == 1
    assert 'did you mean "report.daily"?' in wrong.err


@pytest.mark.parametrize("changing", [NAMES, NAMES[1:]])
def test_an_approval_that_cannot_be_read(fleet: Fleet, tmp_path: Path, changing: tuple[str, ...]) -> None:
    """It is wrong usage, and nothing is applied."""
    fleet.write(report_line("daily", more=f"only_in: [{', '.join(changing)}], "))
    done = fleet.apply("--expect-digest", f"@{tmp_path / 'none'}")
    assert done.code == 64, done.err
    assert [fleet.names(name) for name in NAMES] == [[], [], []]


@pytest.mark.parametrize("name", ["QONVERSION_API_URL", "RECONCILER_NOW"])
def test_a_variable_that_is_wrong_for_all(fleet: Fleet, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """One error, of wrong usage."""
    fleet.write(report_line("daily"))
    monkeypatch.setenv(name, "nonsense:")
    for command in ("plan", "drift"):
        wrong = fleet.run(command, "--all")
        assert wrong.code == 64, wrong.err
        assert wrong.err.count("error:") == 1


@pytest.mark.parametrize("prune", [False, True])
def test_one_does_not_delete_what_another_manages(fleet: Fleet, *, prune: bool) -> None:
    """Two environments of one project: a delete of the one is refused while the other manages the object."""
    settings = fleet.folder / "reconciler.yaml"
    sandbox, staging = (fleet.worlds[name] for name in ("sandbox", "staging"))
    settings.write_text(settings.read_text().replace(staging.url, sandbox.url))
    if prune:
        fleet.write(
            report_line("one", more="only_in: [sandbox], "), report_line("two", more="only_in: [staging, production], ")
        )
        assert fleet.apply().code == 0
    else:
        fleet.write(report_line("one"), report_line("two"))
        assert fleet.run("apply", "-e", "sandbox", "--auto-approve").code == 0
        assert fleet.apply().code == 0
        fleet.write(report_line("one", more="only_in: [sandbox, production], "), report_line("two"))
    flags = ["--prune"] if prune else []
    planned = fleet.plan(*flags)
    assert planned.code == 5, planned.err
    assert "what the environment" in planned.err
    assert "refused: shared-objects" in fleet.run("plan", "--all", *flags).out
    done = fleet.apply(*flags)
    assert done.code == 5, done.err
    assert fleet.names("sandbox") == ["one", "two"]


def share_a_project(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes sandbox and staging the two keys of one project."""
    settings = fleet.folder / "reconciler.yaml"
    sandbox, staging = (fleet.worlds[name] for name in ("sandbox", "staging"))
    settings.write_text(settings.read_text().replace(staging.url, sandbox.url))
    monkeypatch.setenv("KEY_SANDBOX", f"test_{KEY}")


def test_what_both_keys_share_is_warned_about(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first apply and after it; and one of them does not delete what the other one manages."""
    share_a_project(fleet, monkeypatch)
    main = fleet.folder / "main.yaml"
    main.write_text("products: {a: {type: lifetime}}\nreports: {}\n")
    planned = fleet.plan().document["environments"]
    assert [sum("would each create the same 1 object" in text for text in each["warnings"]) for each in planned] == [
        1,
        1,
        0,
    ]
    assert any("sandbox and staging" in text and "only_in" in text for text in planned[0]["warnings"])
    done = fleet.apply("--keep-going")
    assert done.code == 5, done.err
    assert fleet.apply().code == 0
    said = [each["warnings"] for each in fleet.plan().document["environments"]]
    assert [len(each) for each in said] == [1, 1, 0]
    assert said[0][0].startswith("sandbox and staging manage the same 1 object: product.a (a); a project has one for")
    main.write_text("products: {a: {only_in: [staging, production], type: lifetime}}\nreports: {}\n")
    refused = fleet.plan("--allow=delete:product", "--allow=empty-configuration")
    assert refused.code == 5
    assert "this plan would delete or replace what the environment staging manages: product.a (a)" in refused.err
    assert [each["id"] for each in fleet.worlds["sandbox"].live("products")] == ["a"]


def test_a_chosen_id_does_not_make_two_projects_one() -> None:
    """Two projects behind one address may have products of one id: they are one object if made at one time."""

    def held(made: str) -> dict[str, Identity]:
        ref = ObjectRef("product", "a")
        record = Record(*ref, "a", {"id": "a"}, {"id": "a", "created_at": made})
        return {"product.a": identify("api", ref, Live({"product": {"a": record}}))}

    one, other = held("2026-01-01T00:00:00Z"), held("2026-01-01T00:00:01Z")
    assert find_shared_objects({"chess": one, "go": other}) == []
    assert [names for names, _ in find_shared_objects({"x": one, "y": one})] == [("x", "y")]


def test_more_than_ten_were_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], uses_network: None
) -> None:
    """The digest over all holds for the rest, however many an interrupted run had applied."""
    names = [f"e{at}" for at in range(13)]
    with ExitStack() as stack:
        fleet = make_fleet(tmp_path, monkeypatch, capsys, names, stack)
        fleet.write(report_line("daily"))
        digest = fleet.plan().document["digest"]
        chosen = [word for name in names[:12] for word in ("-e", name)]
        assert fleet.run("apply", "--auto-approve", *chosen).code == 0
        done = fleet.apply("--expect-digest", digest)
        assert done.code == 0, done.err
        assert [fleet.names(name) for name in names] == [["daily"]] * 13


@pytest.mark.git
def test_a_saved_plan_of_nothing(fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If all was left out, applying it does nothing; if one has no plan, no file is written, and that is said."""
    fleet.settle(report_line("daily"))
    git(fleet.folder, "init", "--quiet", "--initial-branch", "main")
    git(fleet.folder, "add", "main.yaml", "reconciler.yaml")
    commit = ("-c", "user.name=x", "-c", "user.email=x@x", "commit", "--quiet", "--all", "--message")
    git(fleet.folder, *commit, "Begin")
    fleet.write(report_line("daily"), "# a comment\n")
    git(fleet.folder, *commit, "Comment")
    saved = tmp_path / "plans"
    assert fleet.run("plan", "--all", "--base", "HEAD^", "--out", str(saved)).code == 0
    fleet.write(report_line("daily", send_at="10:00"))
    fleet.requests()
    done = fleet.run("apply", "--auto-approve", "--plan", str(saved))
    assert (done.code, fleet.requests()) == (0, dict.fromkeys(NAMES, 0)), done.err
    assert "nothing to do" in done.err
    saved.unlink()
    monkeypatch.delenv("KEY_STAGING")
    assert fleet.plan("--out", str(saved)).code == 4
    assert not saved.exists()


@pytest.mark.parametrize("many", [False, True])
def test_an_import_into_a_relative_folder(world: World, monkeypatch: pytest.MonkeyPatch, *, many: bool) -> None:
    """It makes the file of a section that is not there yet."""
    world.insert("destinations", id="m", label="Email: Team")
    object_id = world.insert("scheduled-reports", **report("Daily", "m"))
    monkeypatch.chdir(world.folder)
    words = ["--all", "."] if many else ["report.daily", object_id, "."]
    world.folder = Path(words.pop(0))  # the first word of the command line
    done = world.run("import", *words)
    assert done.code == 0, done.err
    assert Path("reports.yaml").exists()
