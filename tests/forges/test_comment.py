"""One comment an environment: made once, edited from then on, found whatever else is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import AnyForge, Comment, planned
from .github import BOT, GitHub
from .gitlab import BOT as USER
from .gitlab import GitLab
from .server import Fault

FOLDED = "An older comment of reconciler"


def test_the_first_plan_makes_it_and_the_next_edits_it(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """Two plans of a pull request are one comment, which shows the second and lists the first's title and commit."""
    assert comment(host, planned(tmp_path / "1.md", "a", commit="1" * 40)).code == 0
    assert comment(host, planned(tmp_path / "2.md", "a", "b", commit="2" * 40)).code == 0
    (body,) = host.ours()
    escape, _, earlier = body.partition("<!-- reconciler history -->")
    assert "2 to create" in escape
    assert "1 to create" not in escape
    assert f"- `{'1' * 12}` Plan for `production`: 1 to create" in earlier
    assert "[The run](https://git" in escape


def test_the_same_plan_again_is_no_news(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """Nothing is sent where the comment says it already."""
    file = planned(tmp_path / "1.md", "a")
    comment(host, file)
    host.writes()
    done = comment(host, file)
    assert done.code == 0
    assert host.writes() == []
    assert "says this already" in done.err


def test_the_run_of_the_same_plan_is_no_earlier_plan(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """A plan that another run made again is not listed as an earlier one."""
    file = planned(tmp_path / "1.md", "a")
    comment(host, file)
    comment(host, file, GITHUB_RUN_ID="43", CI_JOB_URL="https://gitlab.com/acme/config/-/jobs/43")
    (body,) = host.ours()
    assert "43)" in body
    assert "Earlier" not in body


def test_ten_earlier_plans_are_listed(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """The history is bounded: the ten latest, the latest first."""
    for number in range(1, 14):
        comment(host, planned(tmp_path / "p.md", *map(str, range(number)), commit=f"{number:040d}"))
    (body,) = host.ours()
    listed = [line for line in body.split("\n") if line.startswith("- `")]
    assert [line.split("`")[1] for line in listed] == [f"{number:040d}"[:12] for number in range(12, 2, -1)]
    assert listed[0].endswith("12 to create")


def test_each_environment_has_its_own(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """A plan for sandbox leaves the comment of production alone."""
    for environment in ("sandbox", "production", "sandbox"):
        comment(host, planned(tmp_path / "p.md", "a", environment=environment))
    assert len(host.ours()) == 2


def test_it_is_found_on_the_last_page(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """Two hundred and fifty comments of others stand before it."""
    for number in range(250):
        host.say(f"comment {number}")
    comment(host, planned(tmp_path / "1.md", "a"))
    comment(host, planned(tmp_path / "2.md", "b", "c"))
    assert len(host.ours()) == 1
    assert "2 to create" in host.ours()[0]


def test_a_pasted_mark_is_not_ours(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """Somebody else's comment with our mark is neither edited nor taken for ours."""
    pasted = host.say(planned(tmp_path / "1.md", "a").read_text(encoding="utf-8"))
    before = dict(pasted)
    assert comment(host, planned(tmp_path / "2.md", "b", "c")).code == 0
    assert pasted == before
    assert len(host.ours()) == 1


def test_stray_copies_are_folded(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """Where two jobs made one each, the older is kept, and the other says so, once."""
    author = BOT if isinstance(host, GitHub) else 99
    for name in ("a", "b"):
        host.say(planned(tmp_path / "p.md", name).read_text(encoding="utf-8"), author)  # type: ignore[arg-type]
    comment(host, planned(tmp_path / "p.md", "a", "b", "c"))
    kept, stray = host.ours()
    assert "3 to create" in kept
    assert FOLDED in stray
    host.writes()
    comment(host, planned(tmp_path / "p.md", "a", "b"))
    assert len(host.writes()) == 1
    assert FOLDED in host.ours()[1]


def test_a_lost_answer_makes_no_second_comment(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """The comment was made and the answer lost: it is looked for before it is sent again."""
    host.faults.append(Fault("POST", path="s"))
    done = comment(host, planned(tmp_path / "1.md", "a"))
    assert done.code == 0, done.err
    assert len(host.ours()) == 1
    assert "found there" in done.err


@pytest.mark.parametrize("status", [500, 502, 503])
def test_an_error_of_the_server_is_tried_again(host: AnyForge, comment: Comment, tmp_path: Path, status: int) -> None:
    """A create that failed without being done is sent again, and makes one comment."""
    host.faults.append(Fault("POST", status, {"message": "Server Error"}, path="s"))
    done = comment(host, planned(tmp_path / "1.md", "a"))
    assert done.code == 0, done.err
    assert len(host.ours()) == 1


def test_what_gitlab_writes_itself_is_no_comment(gitlab: GitLab, comment: Comment, tmp_path: Path) -> None:
    """A system note names the token's user as its author, and cannot be edited."""
    note = gitlab.say(planned(tmp_path / "1.md", "a").read_text(encoding="utf-8"), USER, system=True)
    before = dict(note)
    assert comment(gitlab, planned(tmp_path / "2.md", "b")).code == 0
    assert note == before
    assert len(gitlab.ours()) == 2
