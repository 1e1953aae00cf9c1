"""`reconciler simulate`: what it begins with, and what it takes for true where the documents leave it open."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from reconciler.cli.main import run
from reconciler.simulator import Simulator
from reconciler.simulator.store import ASSUMPTIONS

pytestmark = pytest.mark.network


@pytest.fixture(autouse=True)
def ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C as soon as the server runs: the data file is what is looked at."""

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("waitress.wasyncore.loop", interrupt)


def listed(data: Path, path: str) -> list[str]:
    """The names, or ids, of a list in a data file."""
    with Simulator(data) as simulator:
        transport = httpx.WSGITransport(app=simulator)
        with httpx.Client(transport=transport, base_url="http://simulator/v4", trust_env=False) as client:
            answer = client.get(path, headers={"Authorization": "Bearer sk_a"})
    if answer.is_error:
        return [str(answer.status_code)]
    return [record.get("name", record["id"]) for record in answer.json()["data"]]


def test_each_question_is_an_option(tmp_path: Path) -> None:
    """With the answers of the table; the data file keeps them, until another one is given."""
    data = tmp_path / "s.sqlite"
    last = [word for name, (answers, _) in ASSUMPTIONS.items() for word in (f"--{name}", answers[-1])]
    assert run(["simulate", str(data), "--port", "0", *last]) == 0
    assert [listed(data, f"/{name}") for name in ("segments", "products")] == [["404"], ["404"]]
    assert run(["simulate", str(data), "--port", "0", "--segments", "served", "--examples"]) == 0
    assert listed(data, "/segments") == ["Active subscribers", "Churned users", "Android renewing"]
    assert listed(data, "/products") == ["404"]


def test_a_word_that_is_no_answer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The line says which there are; and which option is close to one that there is not."""
    assert run(["simulate", str(tmp_path / "s.sqlite"), "--segments-list", "system"]) == 64
    assert "one of without-system, with-system" in capsys.readouterr().err
    assert run(["simulate", "--segment-list", "with-system"]) == 64
    assert 'did you mean "--segments-list"?' in capsys.readouterr().err


def test_what_a_project_begins_with(tmp_path: Path) -> None:
    """Nothing with `--bare`; with `--examples` also an object of each kind, once."""
    bare, usual, full = (tmp_path / name for name in ("bare", "usual", "full"))
    assert run(["simulate", str(bare), "--port", "0", "--bare"]) == 0
    assert run(["simulate", str(usual), "--port", "0"]) == 0
    for _ in range(2):
        assert run(["simulate", str(full), "--port", "0", "--examples"]) == 0
    paths = ("/scheduled-reports/destinations", "/segments/system", "/segments", "/remote-configurations")
    paths += ("/entitlements", "/products")
    system = ["Active subscribers", "Churned users"]
    assert [listed(bare, path) for path in paths] == [[], [], [], [], [], []]
    assert [listed(usual, path) for path in paths] == [["int-email-01"], system, [], [], [], []]
    examples = [["Android renewing"], ["Paywall, autumn"], ["studio"], ["studio_yearly", "studio_monthly"]]
    assert [listed(full, path) for path in paths] == [["int-email-01"], system, *examples]
