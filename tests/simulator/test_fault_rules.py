"""Which requests a rule takes, what it counts, what a seed does, and how rules are steered."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from loopback import NO_TLS

from reconciler.simulator import Faults, RuleError, Simulator
from reconciler.simulator.faults import DEFAULT_SEED
from reconciler.simulator.server import Server

from .conftest import KEY, Json, client_of, fired, names, problems, statuses

Lines = Callable[[], list[dict[str, Any]]]
AUTOMATION = {"name": "Welcome Flow", "status": "active", "data": {}}


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ("", "xxxxxx"),
        (", n=2", ".x...."),
        (", n=2, times=3", ".xxx.."),
        (", times=2", "xx...."),
        (", every=2", ".x.x.x"),
        (", every=2, times=2", ".x.x.."),
        (", chance=1", "xxxxxx"),
        (", chance=1, times=1", "x....."),
    ],
)
def test_which_of_the_matching_requests(api: httpx.Client, faults: Faults, which: str, expected: str) -> None:
    """Other requests do not count."""
    faults.add(f"GET /automations: status 503{which}")
    met = ""
    for _ in range(6):
        assert api.get("/integrations").status_code == 200
        met += ".x"[api.get("/automations").status_code == 503]
    assert met == expected


@pytest.mark.parametrize(
    ("head", "hit"),
    [
        ("GET /*", True),
        ("* /*", True),
        ("* /automations/*", True),
        ("GET /automations/a.b", True),
        ("GET /auto*/*b", True),
        ("POST /*", False),
        ("GET /automations", False),
        ("GET /automations/a", False),
        ("GET /automations/aXb", False),
        ("GET /automations/a.b/*", False),
    ],
)
def test_which_requests_match(api: httpx.Client, faults: Faults, head: str, hit: bool) -> None:
    """Only `*` is special, and the whole path counts."""
    faults.add(f"{head}: status 503")
    assert api.get("/automations/a.b?x=1").status_code == (503 if hit else 404)


def chances(path: Path, seed: int) -> list[int]:
    """How forty requests fare under two rules of one text."""
    rule = "GET /automations: status 503, chance=0.3"
    with Simulator(path, faults=Faults([rule, rule], seed=seed)) as simulator:
        return statuses(client_of(simulator), 40)


def test_the_same_seed_gives_the_same_faults(tmp_path: Path) -> None:
    """Another one others; and each rule has a row of its own, so two of them hit more than one."""
    one, again, other = (chances(tmp_path / "s.db", seed) for seed in (DEFAULT_SEED, DEFAULT_SEED, 7))
    assert one == again != other
    assert 12 < one.count(503) < 30


def test_rules_meet_at_one_request_in_their_order(api: httpx.Client, faults: Faults, lines: Lines) -> None:
    """The first that answers wins; what cannot happen any more is not counted."""
    faults.add(
        "GET /*: delay 0.01",
        "GET /*: status 503",
        "GET /*: status 500",
        "GET /*: drop before",
        "GET /*: delay 0.01 after",
        "GET /*: drop after",
        "GET /*: worker * after",
        "GET /*: truncate 5 quietly",
    )
    assert api.get("/automations").content == b'{"err'
    assert lines()[0]["fault"] == "delay 0.01, status 503, truncate 5 quietly"
    assert [each[1] for each in fired(faults)] == [1, 1, 0, 0, 0, 0, 0, 1]


def test_of_two_answers_after_the_work_the_first_one_wins(api: httpx.Client, faults: Faults) -> None:
    """As before the work; the other one is not counted."""
    faults.add("GET /*: status 503 after", "GET /*: status 500 after", "GET /*: drop after")
    assert api.get("/automations").status_code == 503
    assert [each[1] for each in fired(faults)] == [1, 0, 0]


def test_a_fault_is_no_refusal_and_a_refusal_no_fault(client: httpx.Client, faults: Faults) -> None:
    """A drop after work that was refused is a drop; so is a body that is cut in a refusal."""
    faults.add("GET /nothing: truncate 9 quietly")
    answer = client.get("/nothing")
    assert (answer.status_code, answer.content) == (404, b'{"error":')


def test_rules_are_steered_while_it_serves(server: Server, http: httpx.Client, lines: Lines) -> None:
    """The door asks for no key, and no fault disturbs it or the dashboard's."""
    rules = ["* /*: status 503, n=2", "POST /automations: hide 9"]
    with httpx.Client(base_url=server.url.removesuffix("/v4"), trust_env=False, verify=NO_TLS) as steering:
        assert steering.get("/_faults").json() == {"seed": DEFAULT_SEED, "rules": []}
        added = steering.post("/_faults", json={"rules": rules})
        assert (added.status_code, [each["rule"] for each in added.json()["rules"]]) == (201, rules)
        assert http.post("/automations", json=AUTOMATION).status_code == 201
        assert http.get("/automations").status_code == 503
        assert names(http) == []
        assert steering.post("/_dashboard/automations", json={}).status_code == 201
        assert steering.get("/_faults").json()["rules"] == [
            {"rule": rules[0], "matched": 3, "fired": 1},
            {"rule": rules[1], "matched": 1, "fired": 1},
        ]
        assert steering.delete("/_faults").status_code == 204
        assert names(http) == ["Welcome Flow", ""]
        assert steering.get("/_faults").json()["rules"] == []
    assert "/_faults" in [line["path"] for line in lines()]


@pytest.mark.parametrize(
    "body", [{}, {"rules": "GET /*: status 503"}, {"rules": [7]}, {"rules": ["GET /*: status 503", "GET /*: dorp"]}]
)
def test_the_door_adds_all_rules_or_none(simulator: Simulator, body: Json) -> None:
    """And says which cannot be read."""
    client = client_of(simulator, None)
    answer = client.post("http://simulator/_faults", json=body)
    assert problems(answer) == ["rules"]
    assert simulator.faults.report()["rules"] == []
    assert problems(client.put("http://simulator/_faults"), 405, "invalid_request") == []
    assert problems(client.post("http://simulator/_faults", content=b"{"), 400, "invalid_request") == []


def test_a_wrong_rule_in_python_adds_none(faults: Faults) -> None:
    """The error is a ValueError with the rule in it."""
    with pytest.raises(RuleError, match="dorp after"):
        faults.add("GET /*: status 503", "POST /*: dorp after")
    assert faults.report()["rules"] == []
    assert issubclass(RuleError, ValueError)


def test_the_key_is_never_in_the_report(http: httpx.Client, faults: Faults) -> None:
    """Nor does a fault need it: without one a status comes all the same."""
    faults.add("GET /*: status 503")
    assert http.get("/automations", headers={"Authorization": ""}).status_code == 503
    assert KEY not in str(faults.report())


def test_threads_do_not_confuse_the_counting(http: httpx.Client, faults: Faults, tmp_path: Path) -> None:
    """Whatever the order, one is the fifth, two are the most, and luck hits as many as it would in a row."""
    rule = "GET /automations: status 503, chance=0.3"
    with Simulator(tmp_path / "row.db", faults=Faults([rule])) as row:
        alone = statuses(client_of(row), 40).count(503)
    faults.add(rule, "GET /automations: status 500 after, n=5, times=30", "GET /automations: delay 0.001, times=2")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: http.get("/automations"), range(40)))
    assert [each[0] for each in fired(faults)] == [40, 40, 40]
    assert fired(faults)[0][1] == alone
    assert fired(faults)[2][1] == 2
