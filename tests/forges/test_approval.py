"""`comment --read`: what was approved by merging, and what does not count as approved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler.errors import WrongUsage
from reconciler.model.approval import Approval, from_json, to_json
from reconciler.model.reports import Failure
from reconciler.output.markdown.reports import render_failed
from reconciler.plan.approval import read_approved

from .conftest import AnyForge, Comment, planned, pushed
from .github import BOT, GitHub
from .gitlab import BOT as USER

MERGE = "d" * 40


def _bot(host: AnyForge) -> str | int:
    return BOT if isinstance(host, GitHub) else USER


def _read(host: AnyForge, comment: Comment, path: Path, *arguments: str) -> Approval:
    done = comment(host, "--read", path / "approved.json", *arguments, **pushed(MERGE))
    assert done.code == 0, done.err
    return from_json(json.loads((path / "approved.json").read_text(encoding="utf-8")))


def test_it_is_what_the_merged_pull_requests_comment_shows(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """The digest, the commit and the sketch of the last plan before the merge."""
    comment(host, planned(tmp_path / "1.md", "a"))
    comment(host, planned(tmp_path / "2.md", "a", "b", commit="2" * 40))
    host.merge(7, MERGE)
    approval = _read(host, comment, tmp_path)
    assert (approval.environment, approval.digest, approval.commit) == ("production", "sha256:a-b", "2" * 40)
    assert list(approval.changes) == ["report.a", "report.b"]
    assert {sketch.split()[0] for sketch in approval.changes.values()} == {"create"}


def test_it_stands_after_the_apply_was_told_of(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """An apply that failed edits the comment, and what was approved is still read when the job is run again."""
    comment(host, planned(tmp_path / "1.md", "a"))
    host.merge(7, MERGE)
    failed = tmp_path / "apply.md"
    failed.write_text(render_failed(Failure("apply", "production", OSError())), encoding="utf-8")
    assert comment(host, failed, **pushed(MERGE)).code == 0
    assert "Applying failed" in host.ours()[0]
    assert _read(host, comment, tmp_path).digest == "sha256:a"


def test_a_plan_that_failed_takes_the_approval_back(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """The last commit of the pull request could not be planned: nothing was approved by merging it."""
    comment(host, planned(tmp_path / "1.md", "a"))
    failed = tmp_path / "plan.md"
    failed.write_text(render_failed(Failure("plan", "production", OSError())), encoding="utf-8")
    comment(host, failed)
    host.merge(7, MERGE)
    done = comment(host, "--read", tmp_path / "approved.json", **pushed(MERGE))
    assert done.code == 5
    assert "its plan failed" in done.err
    assert not (tmp_path / "approved.json").exists()


def test_a_mark_that_somebody_pasted_approves_nothing(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """The comment is of somebody else: as if it were not there."""
    host.say(planned(tmp_path / "1.md", "a").read_text(encoding="utf-8"))
    host.merge(7, MERGE)
    done = comment(host, "--read", tmp_path / "approved.json", **pushed(MERGE))
    assert done.code == 5
    assert "no plan of ours" in done.err


def test_a_pasted_mark_beside_ours_changes_nothing(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """Ours is read, whatever stands above and below it."""
    text = planned(tmp_path / "x.md", "evil").read_text(encoding="utf-8")
    host.say(text)
    comment(host, planned(tmp_path / "1.md", "a"))
    host.say(text)
    host.merge(7, MERGE)
    assert _read(host, comment, tmp_path).digest == "sha256:a"


def test_a_comment_that_somebody_else_edited_approves_nothing(github: GitHub, comment: Comment, tmp_path: Path) -> None:
    """On GitHub everybody who may write to the repository may edit the bot's comment; it tells who did."""
    comment(github, planned(tmp_path / "1.md", "a"))
    evil = planned(tmp_path / "x.md", "evil").read_text(encoding="utf-8")
    github.edit(github.comments[7][0], evil, "mallory")
    github.merge(7, MERGE)
    done = comment(github, "--read", tmp_path / "approved.json", **pushed(MERGE))
    assert done.code == 5
    assert "edited by mallory" in done.err


def test_our_own_edit_after_it_makes_it_good_again(github: GitHub, comment: Comment, tmp_path: Path) -> None:
    """The plan's job has written the comment anew."""
    comment(github, planned(tmp_path / "1.md", "a"))
    github.edit(github.comments[7][0], "spoiled", "mallory")
    github.edit(github.comments[7][0], planned(tmp_path / "1.md", "b").read_text(encoding="utf-8"), "mallory")
    comment(github, planned(tmp_path / "2.md", "c"))
    github.merge(7, MERGE)
    assert _read(github, comment, tmp_path).digest == "sha256:c"


def test_our_word_of_an_apply_does_not_make_it_good(github: GitHub, comment: Comment, tmp_path: Path) -> None:
    """Somebody edited the comment while the apply ran: what it tells of itself carries nothing of that over."""
    comment(github, planned(tmp_path / "1.md", "a"))
    evil = planned(tmp_path / "x.md", "evil").read_text(encoding="utf-8")
    github.edit(github.comments[7][0], evil, "mallory")
    github.merge(7, MERGE)
    failed = tmp_path / "apply.md"
    failed.write_text(render_failed(Failure("apply", "production", OSError())), encoding="utf-8")
    assert comment(github, failed, **pushed(MERGE)).code == 0
    assert "Applying failed" in github.ours()[0]
    assert "evil" not in github.ours()[0].partition("\n")[0]
    assert comment(github, "--read", tmp_path / "approved.json", **pushed(MERGE)).code == 5


def test_an_open_pull_request_approves_nothing(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """Its comment is there, and nobody has merged it."""
    comment(host, planned(tmp_path / "1.md", "a"))
    host.merge(7, MERGE, merged_at=None, state="opened")
    done = comment(host, "--read", tmp_path / "approved.json", **pushed(MERGE))
    assert done.code == 5
    assert "came with no pull request" in done.err


def test_of_several_it_is_the_one_that_this_commit_is_the_merge_of(
    host: AnyForge, comment: Comment, tmp_path: Path
) -> None:
    """The commit is also part of a pull request that was merged elsewhere."""
    host.comments[8] = []
    comment(host, planned(tmp_path / "1.md", "a"))
    host.merge(8, MERGE, merge_commit_sha="e" * 40)
    host.merge(7, MERGE)
    assert _read(host, comment, tmp_path).digest == "sha256:a"


def test_several_that_cannot_be_told_apart_are_refused(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """Never the first, never the last."""
    for number in (7, 8):
        host.merge(number, MERGE, merge_commit_sha="e" * 40)
    done = comment(host, "--read", tmp_path / "approved.json", **pushed(MERGE))
    assert done.code == 5
    assert "#7, #8" in done.err


def test_two_of_ours_that_differ_are_refused(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """Two jobs made a comment each: which of them people looked at cannot be told."""
    for name in ("a", "b"):
        host.say(planned(tmp_path / "p.md", name).read_text(encoding="utf-8"), _bot(host))  # type: ignore[arg-type]
    host.merge(7, MERGE)
    done = comment(host, "--read", tmp_path / "approved.json", **pushed(MERGE))
    assert done.code == 5
    assert "different things" in done.err


def test_several_environments_want_a_name(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """Each has an approval of its own."""
    for environment in ("sandbox", "production"):
        comment(host, planned(tmp_path / "p.md", environment, environment=environment))
    host.merge(7, MERGE)
    unnamed = comment(host, "--read", tmp_path / "approved.json", **pushed(MERGE))
    assert unnamed.code == 64
    assert "production, sandbox" in unnamed.err
    assert _read(host, comment, tmp_path, "--environment", "sandbox").digest == "sha256:sandbox"


def test_several_configurations_have_a_comment_each(host: AnyForge, comment: Comment, tmp_path: Path) -> None:
    """Two folders of one repository with the same environment: neither writes over the other's comment or approval."""
    folders = {name: tmp_path / name for name in ("growth", "lifecycle")}
    for name, folder in folders.items():
        folder.mkdir()
        (folder / "reconciler.yaml").write_text(f"name: {name}\n", encoding="utf-8")
        comment(host, planned(tmp_path / "p.md", name, configuration=name))
    comment(host, planned(tmp_path / "p.md", "growth", configuration="growth"))
    assert len(host.ours()) == 2
    host.merge(7, MERGE)
    unnamed = comment(host, "--read", tmp_path / "approved.json", **pushed(MERGE))
    assert unnamed.code == 64
    assert "growth, lifecycle" in unnamed.err
    for name, folder in folders.items():
        approval = _read(host, comment, tmp_path, "--configuration", str(folder))
        assert (approval.digest, approval.configuration) == (f"sha256:{name}", name)


def test_a_comment_of_an_earlier_version_becomes_the_first_configurations(
    host: AnyForge, comment: Comment, tmp_path: Path
) -> None:
    """It names no configuration, so whoever plans first goes on in it; it approves nothing until then."""
    text = planned(tmp_path / "p.md", "a").read_text(encoding="utf-8")
    old = text.replace(',"configuration":""', "").replace('"format_version":2', '"format_version":1')
    assert old != text
    host.say(old, _bot(host))  # type: ignore[arg-type]
    host.merge(7, MERGE)
    assert comment(host, "--read", tmp_path / "approved.json", **pushed(MERGE)).code == 5
    for name in ("growth", "lifecycle"):
        comment(host, planned(tmp_path / "p.md", name, configuration=name))
    assert len(host.ours()) == 2


WHOLE = to_json(Approval("production", "sha256:0"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        "{" * 2000,
        WHOLE.replace('"format_version": 2', '"format_version": 3'),
        WHOLE.replace('"digest"', '"more": 1, "digest"'),
        WHOLE.replace('"sha256:0"', "7"),
    ],
)
def test_a_file_that_is_no_approval_is_not_read(text: str, tmp_path: Path) -> None:
    """Another version, a field too few or too many, no JSON: refused as a whole."""
    assert text != WHOLE
    path = tmp_path / "approved.json"
    path.write_text(WHOLE, encoding="utf-8")
    assert read_approved(f"@{path}", "production").digest == "sha256:0"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WrongUsage, match="is no approval"):
        read_approved(f"@{path}", "production")
