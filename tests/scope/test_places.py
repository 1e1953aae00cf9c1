"""Places in a comment: with the folder, linked to the commit, and where the block of a delete stood."""

from __future__ import annotations

import pytest

from .conftest import TEAM, Branch

FORGES = {
    "github": (
        {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "acme/growth"},
        "https://github.com/acme/growth/blob",
    ),
    "gitlab": (
        {"CI_PROJECT_URL": "https://gitlab.example/acme/sub/growth"},
        "https://gitlab.example/acme/sub/growth/-/blob",
    ),
}
WEEKLY = TEAM.partition("      weekly:")[2].partition("    automations")[0]


@pytest.fixture
def moved(branch: Branch) -> tuple[Branch, str, str]:
    """On main the configuration stands in `apps/a b.yaml`; the branch changes a report and takes one out. The commits
    of both."""
    world = branch.world
    (branch.folder / "main.yaml").unlink()
    world.write(TEAM, "apps/a b.yaml")
    base = branch.commit("as it was")
    after = TEAM.replace("      weekly:" + WEEKLY, "").replace('"09:00"', '"09:30"')
    world.write(after, "apps/a b.yaml")
    return branch, base, branch.commit("as it is")


@pytest.mark.parametrize("forge", FORGES)
def test_places_lead_to_the_line_in_its_commit(
    moved: tuple[Branch, str, str], monkeypatch: pytest.MonkeyPatch, forge: str
) -> None:
    """What changes in the commit that was planned; what goes in the one that was compared with, where it still is."""
    branch, base, head = moved
    for name, value in FORGES[forge][0].items():
        monkeypatch.setenv(name, value)
    comment = branch.world.run("plan", "--base", base, "--format", "markdown").out
    url = FORGES[forge][1]
    assert f"[`apps/a b.yaml:6`]({url}/{head}/apps/a%20b.yaml#L6)" in comment
    assert f"[`apps/a b.yaml:13`]({url}/{base}/apps/a%20b.yaml#L13)" in comment


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"GITHUB_SERVER_URL": "https://x", "GITHUB_REPOSITORY": "a/b)[c](d"},
        {"CI_PROJECT_URL": "javascript:alert(1)"},
    ],
    ids=["none", "no repository", "no address"],
)
def test_without_a_forge_a_place_is_no_link(
    moved: tuple[Branch, str, str], monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    """It is shown with its folder all the same."""
    branch, base, _ = moved
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    comment = branch.world.run("plan", "--base", base, "--format", "markdown").out
    assert " · `apps/a b.yaml:13`\n" in comment
    assert "](" not in comment


def test_without_a_base_a_delete_names_the_file(moved: tuple[Branch, str, str]) -> None:
    """The state remembers the file, and not the line."""
    branch, _, _ = moved
    comment = branch.world.run("plan", "--format", "markdown").out
    assert "· `main.yaml`" in comment or "· `apps/a b.yaml`" in comment
