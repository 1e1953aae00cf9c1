"""Which files are read, and how they become one configuration."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import Folder, written

TOP = "integrations, reports, segments, automations, products, entitlements, remote_configs"
TOP += ", moved, removed, imports, policies, defaults"


def test_all_files_of_a_folder_are_one_configuration(folder: Folder) -> None:
    """*.yaml and *.yml at any depth are merged, sections may be spread over them, and file names mean nothing."""
    folder.write(written("integrations", "alerts"), "teams/growth/z.yml")
    folder.write(written("reports", "daily", destinations="[{integration: alerts}]"), "a.yaml")
    folder.write(written("reports", "weekly", report_name="Weekly"), "b/b/b.yaml")
    folder.write("not: read", "notes.txt")
    assert list(folder.desired().resources) == ["integration.alerts", "report.daily", "report.weekly"]


def test_hidden_files_and_settings_are_no_resources(folder: Folder) -> None:
    """Hidden folders, hidden files and every reconciler.yaml are left out."""
    for name in (".github/workflows/ci.yaml", ".draft.yaml", "a/.hidden/b.yaml", "sub/reconciler.yaml"):
        folder.write("jobs: {}", name)
    folder.write("guards: {max_deletes: 5}", "reconciler.yaml")
    folder.write(written("reports"))
    assert list(folder.desired().resources) == ["report.a"]


def test_several_documents_in_a_file_are_merged(folder: Folder) -> None:
    """--- divides a file, and a section may come again."""
    folder.write(written("reports", "a") + "---\n" + written("reports", "b", report_name="B") + "---\n")
    assert list(folder.desired().resources) == ["report.a", "report.b"]


def test_the_order_means_nothing(folder: Folder) -> None:
    """The same resources in another order and other files are the same configuration, but for their places."""
    folder.write(written("reports", "b") + written("automations", "a"))
    first = folder.desired()
    folder.write(written("automations", "a"))
    folder.write(written("reports", "b"), "other.yaml")
    second = folder.desired()
    assert list(first.resources) == list(second.resources)
    assert [each.fields for each in first.resources.values()] == [each.fields for each in second.resources.values()]


def test_a_single_file_is_a_configuration(folder: Folder) -> None:
    """PATH may name a file that is alone in its folder, whatever its name."""
    folder.write(written("reports"), "one.txt")
    folder.write("nonsense", "two.txt")
    assert folder.validate("one.txt")[0] == 0


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n---\n", "reports:\n", "\ufeff"])
def test_empty_files_are_fine(folder: Folder, text: str) -> None:
    """A file without anything in it, and a section without resources, are no problem."""
    folder.write(text)
    assert folder.desired().resources == {}


def test_anchors_live_below_x_keys(folder: Folder) -> None:
    """Top-level keys that begin with x- hold anchors; aliases and merge keys bring them where they are wanted."""
    folder.write("""\
        x-base: &base {send_at: "09:00", included_range_days: 1, status: draft, environment: production}
        x-to: &to [{type: target_integration, id: int-1}]
        reports:
          a: {<<: *base, report_name: A, destinations: *to}
          b: {<<: *base, report_name: B, destinations: *to, status: active}
    """)
    resources = folder.desired().resources
    assert resources["report.a"].fields["destinations"] == [{"type": "target_integration", "id": "int-1"}]
    assert [each.fields["status"] for each in resources.values()] == ["draft", "active"]


def test_a_path_that_does_not_exist(folder: Folder) -> None:
    """The problem names the path, and what is beside it under a similar name."""
    folder.write("", "production/a.yaml")
    assert folder.problems("prodcution") == [
        'prodcution: does not exist; expected a folder or a file of YAML; did you mean "production"?'
    ]


def test_the_settings_are_no_configuration(folder: Folder) -> None:
    """reconciler.yaml as PATH is refused rather than read as resources."""
    folder.write("guards: {}", "reconciler.yaml")
    assert folder.problems("reconciler.yaml") == [
        "reconciler.yaml: holds settings; expected the folder it is in, or a file of resources"
    ]


def test_a_file_that_cannot_be_read(folder: Folder) -> None:
    """A link to nothing is a problem, never a file that is silently left out."""
    (folder.path / "gone.yaml").symlink_to(folder.path / "nowhere")
    assert folder.problems() == [
        "gone.yaml: cannot be read (No such file or directory); expected a file or folder that may be read, "
        "or a hidden name"
    ]


@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="root may read every folder")
def test_a_folder_that_cannot_be_read(folder: Folder) -> None:
    """A folder that may not be listed is a problem: its resources would look deleted."""
    (folder.path / "closed").mkdir(mode=0o000)
    assert folder.problems()[0].startswith(f"closed: cannot be read ({os.strerror(errno.EACCES)})")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("hallo", f'main.yaml:1:1: found the text "hallo"; expected a map of {TOP}'),
        ("- a", f"main.yaml:1:1: found a list; expected a map of {TOP}"),
        (
            "reports: [a]",
            "main.yaml:1:10: reports: found a list; expected a map of reports by keys of yours",
        ),
        (
            "moved: {from: a}",
            'main.yaml:1:8: moved: found a map of from; expected a list; write "- " before each item',
        ),
        (
            "\nreport: {}",
            f'main.yaml:2:1: unknown key "report"; expected one of {TOP}, or x-… for anchors; did you mean "reports"?',
        ),
        (
            "environments: {}",
            'main.yaml:1:1: "environments" is a setting; expected it in reconciler.yaml, '
            "in the folder of the configuration",
        ),
    ],
)
def test_what_stands_on_top(folder: Folder, text: str, problem: str) -> None:
    """A document is a map of known sections."""
    folder.write(text)
    assert folder.problems() == [problem]


def test_problems_of_an_unreadable_file_bring_no_others(folder: Folder) -> None:
    """What could be in a file that is no YAML is not said to be missing."""
    folder.write("integrations:\n  alerts: {title: x\n", "a.yaml")
    folder.write(written("reports", destinations="[{integration: alerts}]"), "b.yaml")
    (problem,) = folder.problems()
    assert problem.startswith('a.yaml:2:11: this "{" is not closed')


def _real(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reconciler", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=30)


@pytest.mark.process
def test_a_real_run_in_the_folder(folder: Folder) -> None:
    """Without PATH it is the current folder; problems are on stderr with short names, nothing is on stdout."""
    folder.write(written("reports", status="actve"))
    ended = _real("validate", cwd=folder.path)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == (
        'main.yaml:3:13: report.a: status: found the text "actve"; expected one of draft, active; '
        'did you mean "active"?\n'
        "  3 |     status: actve\n"
        "    |             ^\n"
        "error: 1 problem in the configuration\n"
    )


@pytest.mark.process
def test_a_real_run_that_is_fine(folder: Folder) -> None:
    """A valid configuration ends with 0, needs no key, and leaves nothing behind."""
    folder.write(written("reports"))
    ended = _real("validate", str(folder.path), cwd=folder.path)
    assert (ended.returncode, ended.stdout) == (0, "")
    assert [each.name for each in folder.path.iterdir()] == ["main.yaml"]
