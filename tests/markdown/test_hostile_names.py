"""Names with markup do no harm: seen as they are, and inert, in every place that a name can stand."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from offenders import for_all
from world import World, integration

from reconciler.errors import ConfigurationInvalid, Problem, Refused
from reconciler.model.approval import find_marker
from reconciler.model.plan import Action
from reconciler.model.reports import ApplyReport, Failure, Outcome, Status
from reconciler.output.markdown.plan import render_plan
from reconciler.output.markdown.reports import render_applied, render_failed
from reconciler.output.markdown.words import fence
from reconciler.output.terminal import escape

from .plans import change, hostile, review
from .reading import read, require_harmless

NAMES = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</details></details>",
    "<details open>",
    "<!-- x",
    "--> <b>out</b>",
    "@everyone look",
    "a@b.example",
    "@acme/team",
    "closes #12",
    "acme/config#12",
    "GH-12 and JIRA-12",
    "!12 ~label %12 $1 &3",
    "/close",
    "x\n/merge\n",
    "x\n\n# Title\n\n- [x] done",
    "`",
    "``` ```",
    "a ```` b ` c",
    "`` `@all` ``",
    "\n```\n</details>\n@all\n```\n",
    "~~~",
    "| a | b |",
    "a | b\n--- | ---\nc | d",
    "[text](https://example.com)",
    "![](https://example.com/x.png)",
    "https://example.com/x www.example.com",
    "**bold** _under_ __under__ *star* ~~gone~~",
    "\\@all \\`x\\` \\<b>",
    "&lt;b&gt; &#64;all &commat;all",
    "::error file=x::y",
    "##[error]x",
    ":tada: $x$ $$y$$",
    "\u202eevil\u202c \u200b@all",
    "\x1b[31mred",
    "0123456789abcdef0123456789abcdef01234567 and more",
    "deadbeef",
    "- 1. + = ---",
    "1. one",
    "===",
    "> [!CAUTION] x",
    "[ ] x",
    "   ",
    "",
    '"',
    '" @all "',
    "\\",
    "`\\",
    "\ud800",
    "x" * 5000,
    "@a " * 2000,
    "é" * 3000,
]


@for_all("name", NAMES)
def test_a_plan_with_it(name: str) -> None:
    """As the name of an object, a value, a key, a warning, a task, an id, a commit: nothing of it acts, and the footer
    is still the footer."""
    comment = render_plan(hostile(name))
    reading = require_harmless(comment)
    assert reading.last.startswith(("applies this plan", ". ", "."))
    assert len(comment) <= 65_536
    marker = find_marker(comment)
    assert marker is not None
    assert marker.approval is not None
    assert marker.approval.commit == name[:200]
    if 0 < len(name) < 100 and name.strip() == name and '"' not in name and "\\" not in name:
        assert escape(name) in reading.all.replace("\n", " ")


@for_all("name", NAMES)
def test_the_end_of_an_apply_with_it(name: str) -> None:
    """The same, as the reason of a failure and whatever else an API may say."""
    outcomes = (
        Outcome("report.changed", "update", Status.FAILED, reason=name),
        Outcome("report.made", "create", Status.SKIPPED, because_of=name),
        Outcome("report.gone", "delete", Status.DONE),
    )
    report = ApplyReport("production", "sha256:0", outcomes, warnings=(name,), unrecorded=name)
    require_harmless(render_applied(hostile(name), report))


@for_all("name", NAMES)
def test_a_failure_with_it(name: str) -> None:
    """The same, as the message of an error, its hint, a file's name and a problem's words."""
    errors = (Refused(name, hint=name), ConfigurationInvalid([Problem(name, 1, 1, name)]), KeyError(name))
    for error in errors:
        require_harmless(render_failed(Failure("apply", name, error, name, hostile(name))))


def test_any_mixture() -> None:
    """Two hundred names made of pieces that mean something to a host."""
    pieces = [
        "`",
        "``",
        "```",
        "@",
        "#",
        "1",
        "a",
        " ",
        "\n",
        "\\",
        "|",
        "<",
        ">",
        "&",
        "-",
        "_",
        "*",
        "[",
        "](x)",
        "!",
        '"',
    ]
    chance = random.Random(5)  # noqa: S311 - the same at each run
    for _ in range(200):
        name = "".join(chance.choices(pieces, k=chance.randrange(1, 12)))
        try:
            require_harmless(render_plan(hostile(name)))
        except AssertionError as error:
            raise AssertionError(f"{name!r}: {error}") from error


def test_what_the_dashboard_named_reaches_a_comment_unharmed(world: World, tmp_path: Path) -> None:
    """Through the front door: live objects with such names, adopted, deleted and unmanaged."""
    for name in NAMES[:20]:
        world.insert("integrations", **integration(name or "x"))
    world.write("reports: {}\n")
    file = tmp_path / "plan.md"
    done = world.run("plan", "--report", f"markdown={file}")
    assert done.code == 0, done.err
    reading = require_harmless(file.read_text(encoding="utf-8"))
    assert any("20 unmanaged objects" in line for line in reading.html)


@pytest.mark.parametrize("line", ["```", "````", "~~~", "``` diff", "x\n```\n@all", "<!--"])
def test_no_line_closes_a_fence(line: str) -> None:
    """A block ends where we end it, whatever its lines are."""
    reading = read(f"{fence([line])}\n\nafter it")
    assert reading.fences == (f"{escape(line)}\n",)
    assert reading.last == "after it"


def test_a_name_does_not_pass_for_words_of_ours() -> None:
    """It stands in quotes."""
    reading = require_harmless(render_plan(review(change(Action.DELETE, "a", name="is kept, do not worry"))))
    assert any('"is kept, do not worry"' in line for line in reading.text)
