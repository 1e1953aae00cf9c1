"""The grammar of faults: what is written in the documentation works, and a mistake is told in a useful way."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from loopback import NO_TLS
from offenders import for_all

from reconciler.cli.main import run
from reconciler.simulator import Faults, RuleError, Simulator, parse_rules
from reconciler.simulator.faults import FAULTS, VALUES, Rule

from .conftest import KEY, client_of

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "examples" / "simulator" / "README.md"
HELP = ROOT / "examples" / "commands" / "README.md"
EVERY = """\
PUT /scheduled-reports/*: status 500 after, code=storage_error, message="Try again", n=1
POST /integrations: drop before, n=1
GET /integrations: status 502, body="<h1>Bad gateway</h1>", header="Content-Type: text/html", times=2
POST /*: status 429, header="Retry-After: 5", every=3
PATCH /automations/*: delay 0.01 after
GET /automations: truncate 20 quietly, n=1
GET /automations: shift remove, times=1
GET /*: normalise lower shown""".splitlines()
AUTOMATION = {"name": "x", "status": "active", "data": {}}


def written() -> list[str]:
    """Every rule that the documentation shows, the help text's among them; in EVERY what it has no room for."""
    guide = GUIDE.read_text(encoding="utf-8")
    lists = "\n".join(re.findall(r"```faults\n(.*?)```", guide, re.DOTALL)).splitlines()
    listed = [line for line in lists if line and not line.startswith("#")]
    return list(
        dict.fromkeys([*EVERY, *re.findall(r"--fault '([^']+)'", guide + HELP.read_text(encoding="utf-8")), *listed])
    )


def traffic(client: httpx.Client) -> None:
    """A bit of everything that a rule may be about; what goes wrong is the rule's business."""

    def send(method: str, path: str, **options: Any) -> Any:
        try:
            return client.request(method, path, **options).json()
        except (ConnectionResetError, json.JSONDecodeError):
            return {}

    hook = {"title": "Release alerts", "integration": "webhooks", "target_platform": "iOS"}
    made = send("POST", "/integrations", json=hook).get("id", "none")
    send("POST", f"/integrations/{made}/status", json={"status": 1})
    destinations = [{"type": "target_integration", "id": made}]
    report = {"report_name": "Daily", "send_at": "09:00", "included_range_days": 1, "status": "active"}
    report |= {"environment": "production", "destinations": destinations}
    reports = [send("POST", "/scheduled-reports", json=report).get("id", "none") for _ in range(3)]
    automations = [send("POST", "/automations", json=AUTOMATION).get("id", "none") for _ in range(5)]
    send("PUT", f"/scheduled-reports/{reports[0]}", json={"status": "draft"})
    send("PATCH", f"/automations/{automations[0]}/status", json={"status": "paused"})
    for path in ("/integrations", "/scheduled-reports", "/scheduled-reports?limit=1&offset=1", "/automations"):
        send("GET", path)
    send("GET", f"/automations?limit=2&starting_after={automations[3]}")


@pytest.mark.parametrize("rule", written())
def test_a_rule_in_the_documentation_fires(tmp_path: Path, rule: str) -> None:
    """Each does something in ordinary traffic."""
    with Simulator(tmp_path / "simulator.db", faults=Faults([rule])) as simulator, client_of(simulator) as client:
        for _ in range(8):
            traffic(client)
        (report,) = simulator.faults.report()["rules"]
    assert report["rule"] == rule
    assert report["fired"], report


def test_the_documentation_has_every_word() -> None:
    """Every fault, detail and choice is explained, and each fault shown."""
    shown = "\n".join(written())
    assert all(re.search(rf": {name}\b", shown) for name in FAULTS)
    for name in VALUES:
        assert re.search(rf"`{name}=", GUIDE.read_text(encoding="utf-8")), name


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("GET /*:status 503,chance=0.5", "GET /*: status 503, chance=0.5"),
        ("  GET   /* :  status   503 , n = 1 ", "GET /*: status 503, n=1"),
        ("GET /*:\tstatus\t503  twice", "GET /*: status 503 twice"),
        ("GET /*: status  503, message='a  b'", "GET /*: status 503, message='a  b'"),
        ("GET /*: status 503, message='a'", 'GET /*: status 503, message="a"'),
        ("GET /*: worker Release alerts after", "GET /*: worker 'Release alerts' after"),
    ],
)
def test_there_is_some_freedom_in_how_a_rule_is_written(text: str, same: str) -> None:
    """More spaces and tabs, spaces beside signs, and quotes."""
    one, other = ({**vars(Rule(each)), "text": "", "what": "", "_rng": None} for each in (text, same))
    assert one == other


WRONG = {
    "": "expected METHOD PATH: FAULT",
    "GET: drop after": "expected METHOD PATH: FAULT",
    "GET automations: drop after": "expected METHOD PATH: FAULT",
    "get /automations: drop after": "'get' is not known here; expected one of GET, POST,",
    "GET /v4/automations: drop after": "paths are written without /v4: /automations",
    "GET /v4: drop after": "paths are written without /v4: /*",
    "GET /*:": "expected METHOD PATH: FAULT",
    "GET /*: status 503,": "expected METHOD PATH: FAULT",
    "GET /*: dorp after": "'dorp' is not known here; did you mean drop?",
    "GET /*: explode": "'explode' is not known here; expected one of status, drop,",
    "GET /*: n=1": "'n=1' is not known here; expected one of status, drop,",
    "GET /*: delay 1, status 503": "'status 503' is not known here; expected one of n, every,",
    "GET /*: drop after, code=x": "'code' is not known here; expected one of n, every,",
    "GET /*: status 503, chanse=0.1": "'chanse' is not known here; did you mean chance?",
    "GET /*: status": "status: expected status CODE [before|after], CODE being 200 to 599",
    "GET /*: status 99": "status 99: expected status CODE",
    "GET /*: status 503 before after": "expected status CODE",
    "GET /*: status 204, body=x": "body: expected no code=",
    "GET /*: status 503, body=x, code=y": "body: expected no code=",
    "GET /*: status 503, code": "code=: expected code=CODE",
    "GET /*: status 503, code=a b": "code=a b: expected code=CODE",
    "GET /*: status 503, code=a, code=b": "code is there twice; expected it once",
    "GET /*: status 503, header='X: é'": "expected header=",
    "GET /*: status 503, header='content-length: 7'": "expected header",
    "GET /*: status 503, body='x": "expected METHOD PATH: FAULT",
    "GET /*: drop between": "drop between: expected drop before|after",
    "GET /*: delay nan": "delay nan: expected delay SECONDS",
    "PUT /*: normalise upper": "normalise upper: expected normalise trim|nfc|lower|round|defaults|drop|sort",
    "GET /*: truncate 0": "truncate 0: expected truncate BYTES [quietly]",
    "GET /*: rate 5/inf": "rate 5/inf: expected rate REQUESTS/SECONDS",
    "GET /*: rate 5/5, retry=soon": "retry=soon: expected retry=seconds",
    "GET /*: worker": "worker: expected worker ID|TITLE|* [before|after]",
    "GET /*: status 503, n=\uff11": "expected n=NUMBER",
    "GET /*: status 503, chance=10": "chance=10: expected chance=NUMBER, above 0 and up to 1",
    "GET /*: status 503, n=1, chance=0.5": "n and chance cannot be in one rule",
}


@for_all(("text", "message"), WRONG.items())
def test_a_mistake_is_told(text: str, message: str) -> None:
    """The rule, what is wrong, and what was expected."""
    with pytest.raises(RuleError) as error:
        Rule(text)
    assert str(error.value).startswith(f"{text!r}: ")
    assert message in str(error.value)


def test_a_file_of_rules_has_one_a_line() -> None:
    """Empty lines and comments are nothing; every wrong line is told at once, with its number."""
    lines = ["# a comment", "", "GET /*: status 503, body='#1'", "   # and one more", "  POST /*: drop after  "]
    assert parse_rules(lines, "f") == ["GET /*: status 503, body='#1'", "POST /*: drop after"]
    with pytest.raises(RuleError) as error:
        parse_rules(["GET /*: dorp", "", "GET /*: drop after", "drop"], "faults.txt")
    first, second = str(error.value).splitlines()
    assert first == "faults.txt:1: 'GET /*: dorp': 'dorp' is not known here; did you mean drop?"
    assert second.startswith("faults.txt:4: 'drop': expected METHOD PATH")


@pytest.mark.process
@pytest.mark.network
def test_the_command_line_takes_rules_and_a_file_of_them(tmp_path: Path) -> None:
    """It says which are at work, with the seed where one goes by chance, and they are."""
    file = tmp_path / "faults.txt"
    file.write_text("# nothing lasts\nGET /automations: status 503, n=1\n", encoding="utf-8")
    rules = ["POST /automations: drop after, n=1", "GET /integrations: status 500, chance=0.5"]
    command = [sys.executable, "-m", "reconciler", "simulate", "--port", "0", "--faults", str(file), "--seed", "5"]
    command += [word for rule in rules for word in ("--fault", rule)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, encoding="utf-8", cwd=ROOT) as process:
        assert process.stderr
        said = [process.stderr.readline().strip() for _ in range(6)]
        url = said[0].rpartition(" ")[2]
        with httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {KEY}"}, trust_env=False, verify=NO_TLS
        ) as client:
            assert [client.get("/automations").status_code for _ in range(2)] == [503, 200]
            with pytest.raises(httpx.RemoteProtocolError):
                client.post("/automations", json=AUTOMATION)
            assert len(client.get("/automations").json()["data"]) == 1
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert said[2:] == [
        "fault: GET /automations: status 503, n=1",
        *(f"fault: {rule}" for rule in rules),
        "chances by --seed 5",
    ]


def test_a_wrong_rule_on_the_command_line_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is served; the message names the rule, or the line of the file."""
    assert run(["simulate", "--fault", "GET /*: dorp"]) == 64
    assert "'GET /*: dorp': 'dorp' is not known here; did you mean drop?" in capsys.readouterr().err
    file = tmp_path / "faults.txt"
    file.write_text("\nGET /*: drop\n", encoding="utf-8")
    assert run(["simulate", "--faults", str(file)]) == 64
    assert f"{file}:2: " in capsys.readouterr().err
    file.write_bytes(b"\xff")
    assert run(["simulate", "--faults", str(file)]) == 64
    assert "is no UTF-8 text" in capsys.readouterr().err
