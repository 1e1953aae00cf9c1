"""The door over real HTTP: ports, kept connections, threads, and an end."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from reconciler.simulator import Simulator
from reconciler.simulator.server import Server

from .conftest import KEY, problems


def exchange(connection: socket.socket, request: bytes) -> bytes:
    """Send a request, read exactly one answer."""
    connection.sendall(request)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(65536)
    head, _, body = answer.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")]
    while len(body) < int(lengths[0]):
        body += connection.recv(65536)
    return body


def test_port_0_takes_a_free_port_and_says_which(server: Server, http: httpx.Client) -> None:
    """On the loopback unless told otherwise; the address includes the base path."""
    assert server.port > 0
    assert server.url == f"http://127.0.0.1:{server.port}/v4"
    assert http.get("/integrations").json()["data"] == []


def test_a_connection_is_kept(server: Server) -> None:
    """Many exchanges on one connection, errors among them."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        for n in range(100):
            path = "/v4/integrations/meta" if n % 2 else "/v4/nothing"
            request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode()
            assert (b"integrations_meta" if n % 2 else b"not_found") in exchange(connection, request)


def test_many_clients_are_served_at_once(http: httpx.Client) -> None:
    """Each gets its own answer."""

    def create(n: int) -> str:
        answer = http.post("/automations", json={"name": str(n), "status": "active", "data": {}})
        assert answer.json()["name"] == str(n)
        return str(answer.json()["id"])

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(create, range(100)))
    assert len(set(made)) == 100


def test_an_empty_answer_and_a_long_body_over_the_wire(http: httpx.Client) -> None:
    """204 has no content type; a body just over the bound gets the envelope, not the server's own words."""
    made = http.post("/automations", json={"name": "x", "status": "active", "data": {}}).json()
    answer = http.patch(f"/automations/{made['id']}/status", json={"status": "paused"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-type" not in answer.headers
    assert http.get("/integrations/meta").headers["content-type"] == "application/json"
    assert problems(http.post("/automations", content=b" " * 1_048_577), 413, "invalid_request") == []


def test_a_body_in_chunks_is_read(http: httpx.Client) -> None:
    """A client need not say how long its body is."""
    answer = http.post("/automations", content=iter([b'{"name": "x", "status"', b': "active", "data": {}}']))
    assert answer.status_code == 201


def test_the_url_with_a_query_and_unicode_arrives(http: httpx.Client) -> None:
    """Percent-encoded paths are decoded as UTF-8."""
    assert "caf\u00e9" in http.get("/café?x=1").json()["error"]["message"]


@pytest.mark.network
def test_closing_frees_the_port(simulator: Simulator) -> None:
    """From another thread, twice, and the application stays open."""
    server = Server(simulator)
    thread = threading.Thread(target=server.run)
    thread.start()
    httpx.get(server.url, trust_env=False)
    server.close()
    server.close()
    thread.join(5)
    assert not thread.is_alive()
    with Server(simulator, port=server.port) as again:
        assert again.port == server.port


@pytest.mark.network
def test_a_server_closed_before_it_ran_does_not_run(simulator: Simulator) -> None:
    """`run()` returns at once."""
    server = Server(simulator)
    server.close()
    server.run()


def test_a_port_in_use_is_an_oserror(simulator: Simulator, server: Server) -> None:
    """For whoever called, to say it in their words."""
    with pytest.raises(OSError, match="in use"):
        Server(simulator, port=server.port)


@pytest.mark.network
def test_an_interrupt_ends_it_and_comes_through(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the loop: the port is freed, the caller decides what it means."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    server = Server(simulator)
    monkeypatch.setattr("waitress.wasyncore.loop", interrupted)
    with pytest.raises(KeyboardInterrupt):
        server.run()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port))
