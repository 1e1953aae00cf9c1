"""`plan` of several environments: which are meant, what is told once, and what one failure does to the others."""

from __future__ import annotations

import json
import re
from concurrent.futures import wait
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from threading import Semaphore

import pytest
from jsonschema import Draft202012Validator
from markdown.plans import change, review
from scope.conftest import git
from size import ends

from environments.conftest import NAMES, Fleet, fields, report_line
from reconciler.api import SharedLimits
from reconciler.api.rate_limiter import RateLimiter, WaitTooLong
from reconciler.model.plan import Action
from reconciler.model.reports import Ended
from reconciler.output.environments import render_plans_text
from reconciler.threads import Threads


def environments(document: dict[str, object]) -> list[str]:
    """The names in the order of a document."""
    return [str(each["environment"]) for each in document["environments"]]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--all"], ["sandbox", "staging", "production"]),
        (["-e", "s*"], ["sandbox", "staging"]),
        (["-e", "production", "-e", "sandbox"], ["production", "sandbox"]),
        (["-e", "*", "-e", "sandbox"], ["sandbox", "staging", "production"]),
        (["-e", "p*", "-e", "s[at]a*"], ["production", "staging"]),
    ],
)
def test_which_are_meant(fleet: Fleet, flags: list[str], named: list[str]) -> None:
    """In the order of `-e`, else of `reconciler.yaml`; each once."""
    fleet.write(report_line("daily"))
    planned = fleet.run("plan", "--format", "json", *flags)
    assert planned.code == 0, planned.err
    assert environments(planned.document) == named
    assert [each["summary"]["create"] for each in planned.document["environments"]] == [1] * len(named)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["-e", "chess-*"], "there is no environment chess-*; expected one of sandbox, staging, production"),
        (["-e", "sandbox", "-e", "prodution"], 'did you mean "production"?'),
        (["--all", "-e", "sandbox"], "--all cannot be used with --environment"),
        (["--all", "--undo", "latest"], "--undo takes one environment"),
    ],
)
def test_what_fits_none_is_refused(fleet: Fleet, flags: list[str], said: str) -> None:
    """Exit 64, and nothing is asked."""
    fleet.write(report_line("daily"))
    wrong = fleet.run("plan", *flags)
    assert (wrong.code, wrong.out) == (64, "")
    assert said in wrong.err
    assert fleet.requests() == dict.fromkeys(NAMES, 0)


def test_one_by_a_pattern_looks_as_always(fleet: Fleet) -> None:
    """A pattern that fits one environment is that environment."""
    fleet.write(report_line("daily"))
    by_name = fleet.run("plan", "--format", "json", "-e", "production")
    assert fleet.run("plan", "--format", "json", "-e", "prod*").document["digest"] == by_name.document["digest"]
    assert "environments" not in by_name.document


def test_one_digest_over_the_digests(fleet: Fleet) -> None:
    """It is the same in any order, and another one if any plan is."""
    fleet.write(report_line("daily"))
    digest = fleet.plan().document["digest"]
    turned = fleet.run("plan", "--format", "json", *(word for name in reversed(NAMES) for word in ("-e", name)))
    assert turned.document["digest"] == digest
    fleet.worlds["staging"].insert("scheduled-reports", report_name="Other")
    assert fleet.plan().document["digest"] == digest
    fleet.write(report_line("daily", send_at="10:00"))
    assert fleet.plan().document["digest"] != digest
    assert fleet.run("plan", "--format", "json", "-e", "s*").document["digest"] != digest


def test_requests_are_the_sum(fleet: Fleet) -> None:
    """No API is asked more than by a plan of its own."""
    fleet.settle(report_line("daily"), report_line("weekly"))
    for name in NAMES:
        assert fleet.run("plan", "-e", name).code == 0
    single = fleet.requests()
    assert fleet.plan().code == 0
    assert fleet.requests() == single


def test_what_is_shared_is_told_once(fleet: Fleet) -> None:
    """Changes that are alike in several environments stand below their names; the others below their own."""
    fleet.settle(report_line("daily"))
    fleet.worlds["production"].insert("scheduled-reports", report_name="By hand")
    fleet.write(report_line("daily", send_at="10:00"), report_line("new", more="only_in: [staging], "))
    shown = fleet.run("plan", "--all").out
    assert shown.count('send_at: "09:00" → "10:00"') == 1
    assert shown.count("update report.daily") == 1
    assert "In 3 environments (sandbox, staging, production):" in shown
    assert shown.count("create report.new") == 1
    assert "Plan for staging: 1 to create, 1 to update" in shown
    assert "Plan for sandbox" not in shown
    assert "1 to update, 1 unmanaged" in shown


def test_an_address_that_all_share_stands_above_the_table(fleet: Fleet, tmp_path: Path) -> None:
    """Once, and not in each row. Different ones have a column of their own, or a line in the comment, cut if long."""
    fleet.write(report_line("daily"))
    file = tmp_path / "comment.md"
    shown, comment = fleet.run("plan", "--all", "--report", f"markdown={file}").out, file.read_text(encoding="utf-8")
    urls = [world.url for world in fleet.worlds.values()]
    for url, row in zip(urls, shown.splitlines()[1:4], strict=True):
        assert re.search(rf"1 to create  {url}  \d", row)
        assert f"| 1 to create<br>`{url}` |" in comment
    settings = fleet.folder / "reconciler.yaml"
    known = settings.read_text(encoding="utf-8")
    settings.write_text(re.sub("http://[^']+", urls[0], known), encoding="utf-8")
    shown, comment = fleet.run("plan", "--all", "--report", f"markdown={file}").out, file.read_text(encoding="utf-8")
    assert shown.startswith(f"Plans for 3 environments (API: {urls[0]})\n  sandbox     1 to create  ")
    assert f"3 to create (API: `{urls[0]}`)\n" in comment
    assert "| `sandbox` | 1 to create |" in comment


def test_a_long_address_makes_no_wide_table() -> None:
    """It is cut in the column of the addresses; each plan's heading has all of it."""
    plans = {name: review(change(Action.UPDATE, name, caption=(1, 2))) for name in "ab"}
    ended = [
        Ended(name, replace(each, plan=replace(each.plan, api=f"https://{name}.example/{'x' * 90}")))
        for name, each in plans.items()
    ]
    shown = render_plans_text(ended)
    assert max(map(len, shown.splitlines()[:3])) < 100
    assert f"(API: https://a.example/{'x' * 90})" in shown


@pytest.mark.parametrize(
    ("break_it", "code", "said"),
    ends(
        [
            ("no key", 4, "no key: KEY_STAGING is not set"),
            ("refused key", 4, "refused"),
            ("dead API", 1, "no answer"),
            ("guard", 5, "deleted"),
            ("variable", 3, "x"),
        ]
    ),
)
@pytest.mark.usefixtures("no_waiting")
def test_one_that_fails_hides_no_other(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, break_it: str, code: int, said: str
) -> None:
    """It is a row that says so, and the exit code is the worst."""
    fleet.settle(*(report_line(f"r{at}") for at in range(10)))
    staging = fleet.worlds["staging"]
    fleet.write(*(report_line(f"r{at}") for at in range(10)), report_line("new"))
    if break_it == "no key":
        monkeypatch.delenv("KEY_STAGING")
    elif break_it == "refused key":
        staging.fault("GET /*: status 401")
    elif break_it == "dead API":
        settings = fleet.folder / "reconciler.yaml"
        settings.write_text(settings.read_text().replace(staging.url, "http://127.0.0.1:9/v4"))
    elif break_it == "guard":
        leave = "only_in: [sandbox, production], "
        fleet.write(*(report_line(f"r{at}", more=leave) for at in range(10)), report_line("new"))
    else:
        settings = fleet.folder / "reconciler.yaml"
        names = ("sandbox", "production")
        text = settings.read_text()
        for name in names:
            text = text.replace(
                f"secret_env: KEY_{name.upper()}", f"variables: {{at: '09:00'}}, secret_env: KEY_{name.upper()}"
            )
        settings.write_text(text)
        fleet.write(*(report_line(f"r{at}") for at in range(10)), report_line("new", send_at="${var.at}"))
    planned = fleet.plan()
    assert planned.code == code, planned.err
    made = {each["environment"]: each for each in planned.document["environments"]}
    assert list(made) == list(NAMES)
    assert [made[name]["summary"]["create"] for name in ("sandbox", "production")] == [1, 1]
    if break_it == "guard":
        assert made["staging"]["refusals"]
    else:
        assert made["staging"]["error"]["exit"] == code
        assert set(made["staging"]) == {"environment", "error"}
    assert said in planned.err
    text = fleet.run("plan", "--all")
    assert text.code == code
    assert "sandbox" in text.out.split("\n\n")[0]


def test_what_is_wrong_for_all_is_told_once(fleet: Fleet) -> None:
    """A configuration that is invalid in every environment is one problem, and no API is asked for a plan."""
    fleet.write(report_line("daily", send_at="9 o'clock"))
    wrong = fleet.plan()
    assert (wrong.code, wrong.out) == (3, "")
    assert wrong.err.count("main.yaml:2:") == 1
    assert "environment" not in wrong.err.splitlines()[0]


def begin_repository(fleet: Fleet) -> tuple[str, ...]:
    """What is written becomes the first commit; gives the words with which git commits the next."""
    git(fleet.folder, "init", "--quiet", "--initial-branch", "main")
    git(fleet.folder, "add", "main.yaml", "reconciler.yaml")
    commit = ("-c", "user.name=x", "-c", "user.email=x@x", "commit", "--quiet", "--all", "--message")
    git(fleet.folder, *commit, "Begin")
    return commit


@pytest.mark.git
def test_base_leaves_out_what_it_cannot_touch(fleet: Fleet) -> None:
    """An environment of which the configuration says the same is left out, and that is said."""
    fleet.settle(report_line("daily"), report_line("own", more="only_in: [staging], "))
    commit = begin_repository(fleet)
    git(fleet.folder, "switch", "--quiet", "--create", "branch")
    fleet.write(report_line("daily"), report_line("own", send_at="10:00", more="only_in: [staging], "))
    git(fleet.folder, *commit, "Change staging")
    planned = fleet.plan("--base", "main")
    assert planned.code == 2, planned.err
    assert environments(planned.document) == ["staging"]
    assert list(planned.document["left_out"]) == ["sandbox", "production"]
    assert "left out" in planned.err
    assert fleet.requests()["sandbox"] == fleet.requests()["production"] == 0
    done = fleet.apply("--base", "main", "--expect-digest", planned.document["digest"])
    assert done.code == 0, done.err
    assert fleet.plan().code == 0
    # What is not of the YAML counts too: where its state is kept, and its guards.
    settings = fleet.folder / "reconciler.yaml"
    settings.write_text(
        settings.read_text().replace("sandbox: {", "sandbox: {state: {store: file, path: elsewhere.json}, ")
    )
    git(fleet.folder, *commit, "Change sandbox")
    assert environments(fleet.plan("--base", "main").document) == ["sandbox", "staging"]


@pytest.mark.git
def test_another_type_of_a_value_is_a_change(fleet: Fleet) -> None:
    """True and 1 are equal in Python, and not in JSON: no environment is left out."""
    text = "automations:\n  welcome: {name: Welcome, status: active, data: {platform: iOS, flag: %s}}\n"
    main = fleet.folder / "main.yaml"
    main.write_text(text % "true", encoding="utf-8")
    begin_repository(fleet)
    main.write_text(text % "1", encoding="utf-8")
    assert environments(fleet.plan("--base", "HEAD").document) == [*NAMES]


@pytest.mark.git
def test_everything_is_left_out(fleet: Fleet) -> None:
    """A change of a comment touches no environment."""
    fleet.settle(report_line("daily"))
    commit = begin_repository(fleet)
    fleet.write(report_line("daily"), "# a comment\n")
    git(fleet.folder, *commit, "Comment")
    planned = fleet.plan("--base", "HEAD^")
    assert (planned.code, planned.document["environments"]) == (0, [])
    shown = fleet.run("plan", "--all", "--base", "HEAD^")
    assert shown.code == 0
    assert "left out: nothing of it has changed since" in shown.out
    assert fleet.apply("--base", "HEAD^").code == 0
    assert fleet.requests() == dict.fromkeys(NAMES, 0)


def test_as_sarif_and_annotations(fleet: Fleet) -> None:
    """One document, each finding once with the environments that it is of."""
    fleet.settle(report_line("daily"), report_line("weekly"))
    fleet.write(report_line("daily"))
    sarif = json.loads(fleet.run("plan", "--all", "--format", "sarif").out)
    (result,) = sarif["runs"][0]["results"]
    assert result["ruleId"] == "destroys"
    staging = fleet.worlds["staging"]
    (weekly,) = (each["id"] for each in staging.live("scheduled-reports") if each["report_name"] == "weekly")
    staging.remove("scheduled-reports", weekly)
    lines = fleet.run("plan", "--all", "--format", "github").out.splitlines()
    assert sum("In sandbox, production: delete report.weekly" in line for line in lines) == 1


def test_limits_are_shared() -> None:
    """`--parallelism` counts the requests to all APIs together; one limiter for each key at an address."""
    limits = SharedLimits(2)
    first, second = limits.limiter("https://a", "sk_1"), limits.limiter("https://a", "sk_2")
    assert limits.limiter("https://a", "sk_1") is first
    assert first is not second
    with ExitStack() as taken, first.permit():
        taken.enter_context(second.permit())

        def third() -> bool:
            with second.permit():
                return True

        with Threads(1) as threads:
            waits = threads.submit(third)
            assert not wait([waits], 0.05).done
            taken.close()
            assert waits.result()
    # One that is asked to wait holds up no request to another API.
    slow = RateLimiter(2, sleep=lambda _: None, total=Semaphore(0))
    slow.on_throttled(1000)
    with pytest.raises(WaitTooLong), slow.permit():
        pytest.fail("it must not go")


def test_the_json_is_as_its_schema_says(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of plans, of one that failed, and of none."""
    schema = json.loads(Path("schemas/plan.schema.json").read_text(encoding="utf-8"))
    validator = Draft202012Validator(schema)
    fleet.write(report_line("daily"))
    monkeypatch.delenv("KEY_STAGING")
    for flags in (["--all"], ["-e", "sandbox"]):
        document = fleet.run("plan", "--format", "json", *flags).document
        assert not [*validator.iter_errors(document)]
        assert [*validator.iter_errors({**document, "more": 1})]


def test_two_that_manage_the_same_objects(fleet: Fleet) -> None:
    """A plan of both warns that they would fight over them, also before the first apply; that of one cannot know."""
    settings = fleet.folder / "reconciler.yaml"
    sandbox, staging = (fleet.worlds[name] for name in ("sandbox", "staging"))
    settings.write_text(settings.read_text().replace(staging.url, sandbox.url))
    sandbox.insert(
        "scheduled-reports", **{**fields("daily"), "destinations": [{"type": "target_integration", "id": "m"}]}
    )
    fleet.write(report_line("daily"))
    for _ in range(2):
        planned = fleet.plan().document["environments"]
        assert [any("fight over them" in each for each in plan["warnings"]) for plan in planned] == [True, True, False]
        assert fleet.run("apply", "--all", "--auto-approve", "--format", "json").code == 0
    assert not fleet.run("plan", "-e", "sandbox", "--format", "json").document["warnings"]
