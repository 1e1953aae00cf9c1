"""What the documents leave open: each answer to each question, and how one is chosen."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.simulator import Simulator
from reconciler.simulator.store import ASSUMPTIONS
from reconciler.simulator.wire import ApiError

from .conftest import Dashboard, Make, client_of, problems

CODES = {400: "invalid_request", 403: "control_forbidden", 404: "not_found", 409: "conflict", 422: "invalid_data"}
COLLECTIONS = ("segments", "remote-configurations", "entitlements", "products")


@pytest.fixture(
    params=[(name, answer) for name, (answers, _) in ASSUMPTIONS.items() for answer in answers],
    ids=lambda each: f"{each[0]}={each[1]}",
)
def assumed(request: pytest.FixtureRequest, simulator: Simulator) -> tuple[str, str]:
    """One question and one answer, which holds in the simulator."""
    name, answer = request.param
    simulator.assume({name: answer})
    return name, answer


def created(api: httpx.Client) -> dict[str, Any]:
    """An object of each collection."""
    bodies: dict[str, Any] = {
        "products": {"id": "p", "type": "subscription", "duration": "P1M"},
        "entitlements": {"id": "e", "product_ids": ["p"]},
        "segments": {"name": "Paying users", "conditions": [{"metric": "m", "comparator": "eq", "value": "1"}]},
        "remote-configurations": {"name": "Paywall", "context_key": "k"},
    }
    answers = {name: api.post(f"/{name}", json=body) for name, body in bodies.items()}
    assert {answer.status_code for answer in answers.values()} == {201}
    return {name: answer.json() for name, answer in answers.items()}


def status(answer: httpx.Response) -> int:
    """The status, after checking the envelope of an error."""
    if answer.is_error:
        problems(answer, answer.status_code, answer.json()["error"]["code"])
    return answer.status_code


class Answers:
    """What shows, by the name of a question, which answer holds."""

    def __init__(self, api: httpx.Client, sandbox: httpx.Client, dashboard: Dashboard) -> None:
        self.api, self.sandbox, self.dashboard = api, sandbox, dashboard

    def served(self, name: str) -> str:
        paths = (f"/{name}", f"/{name}/x") if name != "segments" else ("/segments", "/segments/system")
        codes = [self.api.get(paths[0]).status_code, self.api.post(f"/{name}", json={}).status_code]
        last = self.api.get(paths[1])
        if codes == [200, 422]:
            return "served"
        assert codes == [last.status_code] * 2
        assert problems(last, last.status_code, CODES[last.status_code]) == []
        assert self.api.get("/automations").status_code == 200
        return str(last.status_code)

    segments = remote_configurations = entitlements = products = served

    def sandbox_scope(self, _: str) -> str:
        created(self.api)
        seen = [len(self.sandbox.get(f"/{name}").json()["data"]) for name in COLLECTIONS]
        return {(0, 0, 1, 1): "apart", (1, 1, 1, 1): "shared"}[tuple(seen)]

    def create_answer(self, _: str) -> str:
        made = created(self.api)
        kinds = {"identity" if list(record) == ["object", "id", "url"] else "record" for record in made.values()}
        for record in made.values():
            assert self.api.get(record["url"].removeprefix("/v4")).json().keys() > {"created_at"}
        (kind,) = kinds
        return kind

    def stale_cursor(self, _: str) -> str:
        created(self.api)
        answers = [self.api.get(f"/{name}?starting_after=gone") for name in COLLECTIONS]
        if {status(answer) for answer in answers} == {422}:
            assert problems(answers[0]) == ["starting_after"]
            return "422"
        assert [len(answer.json()["data"]) for answer in answers] == [1, 1, 1, 1]
        (header,) = {answer.headers.get("X-Qon-Pagination-Restarted") for answer in answers}
        return {"true": "restart", None: "quiet"}[header]

    def deleted_ids(self, _: str) -> str:
        created(self.api)
        self.api.delete("/entitlements/e")
        answer = self.api.post("/entitlements", json={"id": "e"})
        if status(answer) == 201:
            assert [record["id"] for record in self.api.get("/entitlements").json()["data"]] == ["e"]
            record = self.dashboard.insert("automations", id="a")
            self.dashboard.remove("automations", record["id"])
            assert problems(self.dashboard.client.post("automations", json={"id": "a"}), 409, "already_exists") == []
            return "free"
        assert problems(answer, 409, "already_exists") == []
        return "taken"

    def delete_in_use(self, _: str) -> str:
        made = created(self.api)
        segment, config = made["segments"]["id"], made["remote-configurations"]["id"]
        automation = {"name": "A", "status": "active", "data": {"segments": segment}}
        assert self.api.post("/automations", json=automation).status_code == 201
        self.api.patch(f"/remote-configurations/{config}/status", json={"status": "active"})
        urls = [f"/segments/{segment}", "/products/p", f"/remote-configurations/{config}"]
        (code,) = {status(self.api.delete(url)) for url in urls}
        assert {self.api.get(url).status_code for url in urls} == {404 if code == 204 else 200}
        assert self.api.delete("/entitlements/e").status_code == 204
        return str(code)

    def segments_list(self, _: str) -> str:
        vendors = self.dashboard.insert("segments", name="V", is_system=True)
        made = created(self.api)["segments"]
        seen = [record["id"] for record in self.api.get("/segments").json()["data"]]
        after = self.api.get("/segments", params={"starting_after": made["id"]}).json()["data"]
        assert [record["id"] for record in after] == seen[1:]
        return {(made["id"],): "without-system", (made["id"], vendors["id"]): "with-system"}[tuple(seen)]

    def segments_order(self, _: str) -> str:
        for name in "abc":
            self.api.post("/segments", json={"name": name})
        first = self.api.get("/segments?limit=2").json()
        rest = self.api.get("/segments", params={"limit": 2, "starting_after": first["next_cursor"]}).json()
        assert rest["next_cursor"] is None
        names = "".join(record["name"] for record in first["data"] + rest["data"])
        return {"cba": "newest", "abc": "oldest"}[names]

    def segment_ids(self, _: str) -> str:
        ids = [self.api.post("/segments", json={"name": name}).json()["id"] for name in ("Ä b!", "a B", "B", "日本")]
        assert re.fullmatch("[0-9A-Za-z]{8}", ids[-1])
        return "slug" if ids[:3] == ["b", "a-b", "b-2"] else "opaque"

    def segment_put(self, _: str) -> str:
        made = created(self.api)["segments"]
        answer = self.api.put(f"/segments/{made['id']}", json={"name": "N"}).json()
        return "clear" if answer["conditions"] == [] else "keep"

    def system_segment(self, _: str) -> str:
        vendors = self.dashboard.insert("segments", name="V", is_system=True)
        url = f"/segments/{vendors['id']}"
        answers = self.api.put(url, json={"name": "N"}), self.api.delete(url)
        (code,) = {status(answer) for answer in answers}
        assert problems(answers[0], code, CODES[code]) == []
        assert self.api.get(url).json() == vendors
        return str(code)

    def archived_configs(self, _: str) -> str:
        made = created(self.api)["remote-configurations"]
        other = self.api.post("/remote-configurations", json={"name": "Other"}).json()
        self.api.patch(f"/remote-configurations/{made['id']}/status", json={"status": "archived"})
        assert self.api.get(f"/remote-configurations/{made['id']}").json()["status"] == "archived"
        seen = [record["id"] for record in self.api.get("/remote-configurations").json()["data"]]
        return {(other["id"], made["id"]): "listed", (other["id"],): "left-out"}[tuple(seen)]

    def config_status(self, _: str) -> str:
        return str(created(self.api)["remote-configurations"]["status"])

    def config_create(self, _: str) -> str:
        body = {"name": "N", "payload": {"a": 1}, "payload_mapping": {"a": "Number"}}
        answer = self.api.post("/remote-configurations", json=body)
        if status(answer) == 422:
            assert problems(answer) == ["payload", "payload_mapping"]
            return "422"
        assert self.api.get(f"/remote-configurations/{answer.json()['id']}/payload").json()["data"] == {}
        return "ignore"

    def config_put(self, _: str) -> str:
        made = created(self.api)["remote-configurations"]
        answer = self.api.put(f"/remote-configurations/{made['id']}", json={"name": "N"}).json()
        return {None: "reset", "k": "keep"}[answer["context_key"]]

    def config_payload(self, _: str) -> str:
        url = f"/remote-configurations/{created(self.api)['remote-configurations']['id']}"
        self.api.put(f"{url}/payload", json={"data": {"a": 1}})
        assert self.api.get(f"{url}/payload").json()["data"] == {"a": 1}
        return {"{'a': 1}": "record", "None": "apart"}[str(self.api.get(url).json().get("payload"))]

    def payload_check(self, _: str) -> str:
        url = f"/remote-configurations/{created(self.api)['remote-configurations']['id']}"
        self.api.post(f"{url}/payload-mapping", json={"data": {"n": "Number", "j": "Json", "s": "String"}})
        assert self.api.put(f"{url}/payload", json={"data": {"n": 1.5, "j": [1], "s": "x"}}).status_code == 200
        answer = self.api.put(f"{url}/payload", json={"data": {"n": True, "j": {}, "s": 1, "other": "x"}})
        if status(answer) == 422:
            assert problems(answer) == ["data.n", "data.s", "data.other"]
            return "mapping"
        return "none"

    def same_status(self, _: str) -> str:
        url = f"/remote-configurations/{created(self.api)['remote-configurations']['id']}/status"
        self.api.patch(url, json={"status": "archived"})
        return str(status(self.api.patch(url, json={"status": "archived"})))

    def wrong_status(self, _: str) -> str:
        url = f"/remote-configurations/{created(self.api)['remote-configurations']['id']}/status"
        self.api.patch(url, json={"status": "archived"})
        return str(status(self.api.patch(url, json={"status": "active"})))

    def entitlement_ids(self, _: str) -> str:
        answer = self.api.post("/entitlements", json={"id": "pro: all"})
        if status(answer) == 422:
            assert problems(answer) == ["id"]
            return "narrow"
        assert self.api.get("/entitlements/pro%3A%20all").json() == answer.json()
        return "wide"

    def unknown_product(self, _: str) -> str:
        created(self.api)
        answer = self.api.patch("/entitlements/e", json={"product_ids": ["p", "nope"]})
        if answer.status_code == 200:
            assert answer.json()["product_ids"] == ["p", "nope"]
            return "accepted"
        code = {400: "product_not_in_project", 422: "relation_not_found"}[answer.status_code]
        assert problems(answer, answer.status_code, code) == []
        again = self.api.post("/entitlements", json={"id": "other", "product_ids": ["nope"]})
        assert problems(again, answer.status_code, code) == []
        return str(answer.status_code)

    def null_products(self, _: str) -> str:
        created(self.api)
        answer = self.api.patch("/entitlements/e", json={"product_ids": None, "description": "D"}).json()
        assert answer["description"] == "D"
        return "clear" if answer["product_ids"] is None else "ignore"

    def product_duration(self, _: str) -> str:
        answer = self.api.post("/products", json={"id": "s", "type": "subscription"})
        if status(answer) == 422:
            assert problems(answer) == ["duration"]
            return "required"
        return "optional"

    def product_type(self, _: str) -> str:
        created(self.api)
        answer = self.api.patch("/products/p", json={"type": "lifetime", "duration": None})
        same = self.api.patch("/products/p", json={"duration": self.api.get("/products/p").json()["duration"]})
        assert same.status_code == 200
        if status(answer) == 422:
            assert problems(answer) == ["type", "duration"]
            return "fixed"
        return "changes"


def test_each_answer_can_be_had(
    assumed: tuple[str, str], api: httpx.Client, sandbox: httpx.Client, dashboard: Dashboard
) -> None:
    """The one that was chosen, for every question."""
    name, answer = assumed
    show = getattr(Answers(api, sandbox, dashboard), name.replace("-", "_"))
    assert show(name) == answer


@pytest.mark.parametrize("name", ASSUMPTIONS)
def test_the_first_answer_is_the_default(
    name: str, api: httpx.Client, sandbox: httpx.Client, dashboard: Dashboard
) -> None:
    """Without a word from anybody."""
    show = getattr(Answers(api, sandbox, dashboard), name.replace("-", "_"))
    assert show(name) == ASSUMPTIONS[name][0][0]


def test_the_data_keep_the_answers(tmp_path: Path) -> None:
    """In both projects, until another one is given; the other questions are left as they are."""
    path = tmp_path / "s.db"
    with Simulator(path) as simulator:
        simulator.assume({"config-status": "active", "segment-ids": "slug"})
    with Simulator(path) as simulator:
        simulator.assume({"segment-ids": "opaque"})
        for key in ("sk_a", "test_sk_a"):
            made = created(client_of(simulator, key)) if key == "sk_a" else None
            config = client_of(simulator, key).post("/remote-configurations", json={"name": "N"}).json()
            assert config["status"] == "active"
            assert made is None or made["segments"]["id"] != "paying-users"


def test_the_dashboard_answers_for_one_project(
    api: httpx.Client, sandbox: httpx.Client, dashboard: Dashboard, simulator: Simulator
) -> None:
    """At any time, and it answers what holds; a word that is not known changes nothing."""
    put = dashboard.client.put
    answer = put("/assumptions", json={"segments": "403"}, headers={"X-Project": "sandbox"})
    assert answer.json() == {"segments": "403"}
    assert [client.get("/segments").status_code for client in (api, sandbox)] == [200, 403]
    assert problems(put("/assumptions", json={"segments": "404", "config-put": "no"})) == ["config-put"]
    assert problems(put("/assumptions", json={"segments": "404", "segment": "404"})) == ["segment"]
    assert problems(put("/assumptions", json={"segments": 404})) == ["segments"]
    assert api.get("/segments").status_code == 200
    with pytest.raises(ApiError):
        simulator.assume({"segments": "405"})


def test_a_project_begins_with_rows_of_the_vendor(simulator: Simulator, api: httpx.Client, segment: Make) -> None:
    """Once: what is removed stays away."""
    simulator.seed()
    system = [record["id"] for record in api.get("/segments/system").json()["data"]]
    assert system == ["active-subscribers", "churned-users"]
    simulator.seed()
    assert len(api.get("/segments/system").json()["data"]) == len(system)
    assert api.get("/segments").json()["data"] == []
