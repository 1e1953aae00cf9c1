"""`reconciler.yaml`: environments, keys, states, guards."""

from __future__ import annotations

import sys
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from world import without_excerpts

from reconciler.cli.main import run
from reconciler.config.load import Configuration
from reconciler.errors import Exit
from reconciler.model.settings import Environment

from .conftest import Folder, written

SECRET_ENV = (
    "expected the name of the variable that holds the Secret Key, never the key itself, for example QONVERSION_SECRET"
)


def _environments(folder: Folder) -> dict[str, Environment]:
    folder.write("reports:\n")
    assert folder.validate()[0] == 0
    return dict(Configuration(folder.path).environments)


def test_without_settings_there_is_one_environment(folder: Folder) -> None:
    """Its name is default, its key is in QONVERSION_SECRET, its state in .reconciler/ beside the configuration."""
    (environment,) = _environments(folder).values()
    assert (environment.name, environment.secret_env, environment.api_url) == ("default", "QONVERSION_SECRET", None)
    assert environment.state.path == folder.path / ".reconciler" / "default.json"


def test_environments_are_read(folder: Folder) -> None:
    """Each says which variable holds its key, its API address, where its state is; the guards are for all."""
    folder.write(
        """\
        state: {store: file, path: states}
        guards: {max_deletes: 5}
        environments:
          sandbox: {secret_env: SANDBOX_KEY, api_url: "simulator:x.db", state: {store: file, path: own.json}}
          production: {}
        """,
        "reconciler.yaml",
    )
    sandbox, production = _environments(folder).values()
    assert (sandbox.secret_env, sandbox.api_url, sandbox.max_deletes) == ("SANDBOX_KEY", "simulator:x.db", 5)
    assert sandbox.state.path == folder.path / "own.json"
    assert production.state.path == folder.path / "states" / "production.json"


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}", "state: {store: file}"])
def test_settings_may_say_little(folder: Folder, text: str) -> None:
    """An empty file is like none."""
    folder.write(text, "reconciler.yaml")
    assert list(_environments(folder)) == ["default"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[]", "1:1: found an empty list; expected a map of name, state, guards, compare, variables, time_zone, "
         "freeze, environments"),
        ("environment: {}", '1:1: unknown key "environment"; expected one of name, state, guards, '
         'compare, variables, time_zone, freeze, environments; did you mean "environments"?'),
        ("environments: {}", "1:15: environments: is empty; expected a map that holds something"),
        ("environments: {a: }", "1:19: environments.a: found nothing; "
         "expected a map of secret_env, secret_command, api_url, state, variables"),
        ("environments: {a b: {}}", '1:16: "a b" cannot name an environment; '
         "expected letters, digits, - and _, a letter or digit first, and no device of Windows"),
        ("environments: {Nul: {}}", '1:16: "Nul" cannot name an environment; '
         "expected letters, digits, - and _, a letter or digit first, and no device of Windows"),
        ("environments: {a: {secret: X}}", '1:20: environments.a: unknown key "secret"; '
         'expected one of secret_env, secret_command, api_url, state, variables; did you mean "secret_env"?'),
        ("environments: {a: {secret_env: a-b}}", "1:32: environments.a.secret_env: "
         f'found the text "a-b"; {SECRET_ENV}'),
        ("environments: {a: {secret_env: sk_live_1}}", "1:32: environments.a.secret_env: "
         f'found the text "(a secret key, not shown)"; {SECRET_ENV}'),
        ("environments: {a: {api_url: api.qonversion.io}}", '1:29: environments.a.api_url: '
         'found the text "api.qonversion.io"; expected the API\'s address if it is not the vendor\'s, '
         "or simulator: and a file, for example http://127.0.0.1:8080/v4"),
        ("environments: {a: {variables: {a-b: 1}}}", '1:32: environments.a.variables: "a-b" cannot name a variable; '
         "expected letters, digits and _, a letter or _ first"),
        ("environments: {a: {variables: [1]}}", "1:31: environments.a.variables: found a list; expected a map"),
        ("variables: {x: [{y: 'a ${ var.z }'}], z: 1}", '1:21: "a ${ var.z }" is the value of a variable; '
         "expected it without ${ var.z }"),
        ("environments: {a: {variables: {x: '${each.app}'}}}", '1:35: "${each.app}" is the value of a variable; '
         "expected it without ${each.app}"),
        ("state: {path: x}", '1:1: state: "store" is missing; expected one of file, git, object'),
        ("guards: {max_deletes: '5'}", '1:23: guards.max_deletes: found the text "5"; '
         "expected a whole number, 0 or more; write it without quotes"),
        ("time_zone: Europe/Berln", '1:12: "Europe/Berln" is no time zone; expected an IANA name, '
         'for example Europe/Berlin; did you mean "Europe/Berlin"?'),
        ("time_zone: ../../../etc/passwd", '1:12: "../../../etc/passwd" is no time zone; expected an IANA name, '
         "for example Europe/Berlin"),
        ("guards: {max_deletes: -1}", "1:23: guards.max_deletes: found the number -1; "
         "expected a whole number, 0 or more"),
        *((f"state: {{store: git, author: {author}}}", f'1:29: state.author: found the text "{author}"; '
          "expected the author of the state's commits, if git itself knows nobody (user.email, GIT_AUTHOR_EMAIL), "
          "for example Release Bot <bot@example.com>")
          for author in ("Bot", "bot@example.com", "Bot <bot>", "<bot@example.com>", "A <a@b.c> <d@e.f>")),
        ("state: {store: object, url: s3//bucket}", '1:29: state.url: found the text "s3//bucket"; expected '
         "the state's bucket, and a prefix within it, for example s3://my-bucket/reconciler"),
        ("{}\n---\n{}", "3:1: a second document; expected one"),
        ("environments: {a: {}, a: {}}", '1:23: duplicate key "a"; it is written first at line 1; expected it once'),
        ("state: {store: file, path: s.json}\nenvironments: {a: {}, b: {}}", '1:28: "b" would keep its state '
         'in the file of "a"; expected a folder, or a path for each environment'),
    ],
)  # fmt: skip
def test_wrong_settings(folder: Folder, text: str, problem: str) -> None:
    """They are checked as strictly as resources."""
    folder.write(text, "reconciler.yaml")
    assert folder.problems() == [f"reconciler.yaml:{problem}"]


@pytest.fixture
def no_zones_of_the_system() -> Iterator[None]:
    """A machine without time zone data of its own, as Windows and small images of containers are."""
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(())
    zoneinfo.ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath(before)
    zoneinfo.ZoneInfo.clear_cache()


@pytest.mark.usefixtures("no_zones_of_the_system")
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "UTC"])
def test_a_zone_is_known_on_any_machine(folder: Folder, zone: str) -> None:
    """What we install holds the zones."""
    folder.write(f"time_zone: {zone}", "reconciler.yaml")
    (environment,) = _environments(folder).values()
    assert environment.time_zone == zone
    assert zoneinfo.ZoneInfo(zone).utcoffset(datetime(2026, 7, 1, tzinfo=UTC)) is not None


@pytest.mark.usefixtures("no_zones_of_the_system")
@pytest.mark.parametrize("zone", ["Europe/Berlin", "Europe/Berln"])
def test_a_machine_without_zones_is_no_mistake_of_the_user(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    """Where ours are gone too, that is said, and not that the configuration is invalid."""
    monkeypatch.setitem(sys.modules, "tzdata", None)
    folder.write(f"time_zone: {zone}", "reconciler.yaml")
    code, said = folder.validate()
    assert code == Exit.API_FAILED
    assert "this machine has no time zone data" in said[0]
    assert said[1].startswith("hint: install the package tzdata")


def test_wrong_settings_do_not_hide_wrong_resources(folder: Folder) -> None:
    """Both are found in one run; of variables nothing is said, since they could not be read."""
    folder.write("environments: {a: {variables: [1]}}", "reconciler.yaml")
    folder.write(written("reports", status="on", included_range_days="${var.days}"))
    assert folder.problems() == [
        'main.yaml:3:13: report.a: status: found the text "on"; expected one of draft, active',
        "reconciler.yaml:1:31: environments.a.variables: found a list; expected a map",
    ]


def test_settings_that_are_no_yaml(folder: Folder) -> None:
    """One problem, at its place."""
    folder.write("environments: {a: {}\n", "reconciler.yaml")
    (problem,) = folder.problems()
    assert problem.startswith('reconciler.yaml:1:15: this "{" is not closed')


@pytest.mark.parametrize("settings", ["environments: []", "environments: {default: {}}"])
def test_a_plan_refuses_what_validate_refuses(
    folder: Folder, settings: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other commands end with the same problems and exit code, before anything is asked of the API."""
    monkeypatch.setenv("QONVERSION_SECRET", "sk_test")
    folder.write(settings, "reconciler.yaml")
    folder.write(written("reports", status="on"))
    code, lines = folder.validate()
    assert run(["plan", str(folder.path), "--api-url", f"simulator:{folder.path}/simulator.db"]) == code == 3
    assert without_excerpts(capsys.readouterr().err.replace(f"{folder.path}/", "")) == lines
