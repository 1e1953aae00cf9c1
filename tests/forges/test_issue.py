"""One issue an environment, of what drifted: opened once, edited from then on, closed when nothing is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.model.results import Drift, Drifted, DriftedField
from reconciler.output.markdown.reports import render_drift

from .conftest import AnyForge, Comment, planned
from .github import GitHub
from .server import Fault

STILL_OPEN = ("open", "opened")


def drifted(path: Path, *names: str, environment: str = "production", compared: int = 9, at: str = "09:00") -> Path:
    """A file as `drift --format markdown` writes it: the reports of these names are sent at another time."""
    field = DriftedField("send_at", ("send_at",), at, "10:00", "the next apply sets it back")
    objects = tuple(
        Drifted(f"report.{name}", name, name, False, None, (field,), "the next apply sets it back") for name in names
    )
    path.write_text(f"{render_drift(Drift(environment, compared, objects))}\n", encoding="utf-8")
    return path


def text_of(issue: dict[str, object]) -> str:
    """What an issue says."""
    return str(issue.get("body", issue.get("description")))


def test_it_is_opened_edited_and_closed(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """Three nights: one object drifted, two did, none does any more; then another one, which is an issue of its own."""
    for names in (("a",), ("a", "b"), (), ("c",)):
        done = comment(host, drifted(tmp_path / "drift.md", *names))
        assert done.code == 0, done.err
    first, second = host.issues
    assert first["title"] == "Drift in production"
    assert [issue["state"] in STILL_OPEN for issue in host.issues] == [False, True]
    assert "nothing of 9 remembered" in text_of(first)
    assert "**2 objects changed outside**" in text_of(first).partition("Earlier")[2]
    assert "`report.c`" in text_of(second)
    assert '`"09:00"` was applied, `"10:00"` is live' in text_of(second)
    assert host.ours() == []


def test_each_configuration_has_an_issue_of_its_own(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """Two folders of one repository drift in the same environment: what one says does not close the other's issue."""
    field = DriftedField("send_at", ("send_at",), "09:00", "10:00", "the next apply sets it back")
    found = (Drifted("report.a", "a", "a", False, None, (field,), "the next apply sets it back"),)
    for name, objects in (("growth", found), ("lifecycle", found), ("growth", ())):
        path = tmp_path / "drift.md"
        path.write_text(f"{render_drift(Drift('production', 9, objects, name))}\n", encoding="utf-8")
        assert comment(host, path).code == 0
    assert [issue["title"] for issue in host.issues] == [
        "Drift in production of growth",
        "Drift in production of lifecycle",
    ]
    assert [issue["state"] in STILL_OPEN for issue in host.issues] == [False, True]


def test_the_same_again_is_no_news(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """Nothing is sent where the issue says it already, nor where there is nothing to say."""
    assert "nothing has drifted" in comment(host, drifted(tmp_path / "drift.md")).err
    assert host.writes() == []
    comment(host, drifted(tmp_path / "drift.md", "a"))
    host.writes()
    assert "says this already" in comment(host, drifted(tmp_path / "drift.md", "a")).err
    assert host.writes() == []


def test_each_environment_has_its_own_issue(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """What is well in the sandbox closes nothing of production."""
    comment(host, drifted(tmp_path / "drift.md", "a"))
    comment(host, drifted(tmp_path / "drift.md", "a", environment="sandbox"))
    comment(host, drifted(tmp_path / "drift.md", environment="sandbox"))
    assert [issue["state"] in STILL_OPEN for issue in host.issues] == [True, False]


def test_what_others_opened_is_left_alone(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """Somebody pasted the text with its mark into an issue; neither it nor a comment of ours is taken for the issue."""
    text = drifted(tmp_path / "drift.md", "a").read_text(encoding="utf-8")
    comment(host, planned(tmp_path / "plan.md", "a"))
    pasted = {
        "number": 5,
        "iid": 5,
        "user": {"login": "mallory"},
        "author": {"id": 3},
        "body": text,
        "description": text,
    }
    host.issues.append({**pasted, "state": "open" if isinstance(host, GitHub) else "opened"})
    before = dict(host.issues[0])
    comment(host, drifted(tmp_path / "drift.md", "a", "b"))
    assert host.issues[0] == before
    assert len(host.issues) == 2
    assert len(host.ours()) == 1


def test_a_lost_answer_opens_no_second_issue(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """The issue was made and the answer lost: it is looked for before it is sent again."""
    host.faults.append(Fault("POST", path="/issues"))
    done = comment(host, drifted(tmp_path / "drift.md", "a"))
    assert done.code == 0, done.err
    assert len(host.issues) == 1
    assert "found there" in done.err


def test_nothing_remembered_is_said(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """A nightly run that has nothing to compare with is no good news, and closes nothing."""
    comment(host, drifted(tmp_path / "drift.md", "a"))
    comment(host, drifted(tmp_path / "drift.md", compared=0))
    (issue,) = host.issues
    assert issue["state"] in STILL_OPEN
    assert "**not known**" in text_of(issue)


@pytest.mark.parametrize("value", ["@everyone", "a ``` b\n\n# Owned", "</details><script>", "| x | y |"])
def test_a_hostile_value_does_nothing(value: str) -> None:
    """Values of others stand in code spans, on one line."""
    field = DriftedField("caption", ("caption",), value, value, "the next apply sets it back")
    drift = Drift("production", 1, (Drifted("automation.a", "x", value, False, None, (field,), ""),))
    (line,) = (line for line in render_drift(drift).split("\n") if "was applied" in line)
    assert line.startswith("  - `caption`: `")
    assert "\n# Owned" not in render_drift(drift)
    outside = "".join(part for index, part in enumerate(line.replace("``` b", "b").split("`")) if index % 2 == 0)
    assert "@" not in outside
    assert "<" not in outside
