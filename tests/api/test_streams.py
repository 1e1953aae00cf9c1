"""How requests travel: in one piece, over as few connections as will do, and past a server that has hung up."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, _GeneratorContextManager, contextmanager

import pytest
from world import KEY

from reconciler.api import Reader, Writer, connect, streams
from reconciler.api.rate_limiter import Check, RateLimiter
from reconciler.api.secret import Secret
from reconciler.errors import Unreachable

pytestmark = pytest.mark.network

BODY = b'{"id": "a1"}'
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(BODY), BODY)


@contextmanager
def listening(answers: int) -> Iterator[tuple[str, list[list[bytes]]]]:
    """A server that answers so many requests on each connection and then hangs up without a word. Gives its address,
    and what arrived: a list for each connection, with an item for each time that something came."""
    came: list[list[bytes]] = []
    threads: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:

        def talk(connection: socket.socket, pieces: list[bytes]) -> None:
            request, answered = b"", 0
            with connection:
                while answered < answers and (piece := connection.recv(1 << 20)):
                    pieces.append(piece)
                    request += piece
                    head, end, body = request.partition(b"\r\n\r\n")
                    length = re.search(rb"(?i)content-length: (\d+)", head)
                    if end and len(body) == int(length[1] if length else 0):
                        connection.sendall(ANSWER)
                        request, answered = b"", answered + 1

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                came.append([])
                threads.append(threading.Thread(target=talk, args=(connection, came[-1])))
                threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", came
        server.shutdown(socket.SHUT_RDWR)
    for thread in [accepting, *threads]:
        thread.join()


def test_a_request_leaves_in_one_piece() -> None:
    """Head and body together: one packet, and one look of the server at it."""
    with listening(5) as (url, came), connect(url, Secret(KEY, "QONVERSION_SECRET"), 1) as transport:
        writer = Writer(transport)
        for number in range(5):
            writer.send("POST", "/automations", {"name": f"N{number}"}, idempotent=False)
    (pieces,) = came
    assert [json.loads(piece.partition(b"\r\n\r\n")[2]) for piece in pieces] == [{"name": f"N{n}"} for n in range(5)]


def test_a_long_body_arrives_whole() -> None:
    """More than is gathered leaves as it comes, in order."""
    text = "0123456789" * (streams.SEND_BUFFER_BYTES // 5)
    with listening(1000) as (url, came), connect(url, Secret(KEY, "QONVERSION_SECRET"), 1) as transport:
        Writer(transport).send("POST", "/automations", {"name": text}, idempotent=False)
    (pieces,) = came
    assert json.loads(b"".join(pieces).partition(b"\r\n\r\n")[2]) == {"name": text}


def test_there_are_no_more_connections_than_threads_that_ask() -> None:
    """Those that wait for their turn have theirs already; each connection is used again."""
    with (
        listening(1000) as (url, came),
        connect(url, Secret(KEY, "QONVERSION_SECRET"), 3) as transport,
        ThreadPoolExecutor(5) as pool,
    ):
        list(pool.map(lambda _: Reader(transport).get("/automations/a1"), range(60)))
    assert len(came) <= 5
    assert sum(map(len, came)) == 60


@pytest.mark.parametrize("recent", [0.0, 1000.0], ids=["noticed before", "noticed by the request"])
def test_a_server_that_hung_up_is_asked_anew(recent: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can be repeated is, on another connection: nobody hears of it."""
    monkeypatch.setattr(streams, "RECENT_SECONDS", recent)
    with listening(1) as (url, came), connect(url, Secret(KEY, "QONVERSION_SECRET"), 1) as transport:
        reader = Reader(transport, RateLimiter(1, sleep=lambda _: None))
        answers = [reader.get("/automations/a1").record() for _ in range(4)]
    assert answers == [{"id": "a1"}] * 4
    assert [len(pieces) for pieces in came] == [1] * 4


def test_a_server_that_hangs_up_on_a_request_that_waits_for_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noticed before it leaves, so that even a create may be sent anew: it was not done."""
    monkeypatch.setattr(streams, "RECENT_SECONDS", 0.0)
    waits = threading.Event()

    class Watched(RateLimiter):
        def permit(self, check: Check | None = None) -> _GeneratorContextManager[None]:
            waits.set()
            return super().permit(check)

    def answer(connection: socket.socket) -> object:
        asked = connection.recv(1 << 20)
        connection.sendall(ANSWER)
        return json.loads(asked.partition(b"\r\n\r\n")[2])

    pace = Watched(1, sleep=lambda _: None)
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        connect(f"http://127.0.0.1:{server.getsockname()[1]}", Secret(KEY, "QONVERSION_SECRET"), 1) as transport,
        ThreadPoolExecutor(1) as pool,
        ExitStack() as stack,
    ):
        server.settimeout(30)
        writer = Writer(transport, pace)
        first = pool.submit(writer.send, "POST", "/automations", {"name": "A"}, idempotent=False)
        with server.accept()[0] as connection:
            assert answer(connection) == {"name": "A"}
            assert first.result(30).ok
            stack.enter_context(pace.permit())
            waits.clear()
            second = pool.submit(writer.send, "POST", "/automations", {"name": "B"}, idempotent=False)
            assert waits.wait(30)
        stack.close()
        with server.accept()[0] as connection:
            assert answer(connection) == {"name": "B"}
            assert second.result(30).ok


def test_a_create_on_a_connection_that_was_hung_up_on_is_of_unknown_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not sent again blindly: the error says that it may have been done."""
    monkeypatch.setattr(streams, "RECENT_SECONDS", 1000.0)
    with listening(1) as (url, _), connect(url, Secret(KEY, "QONVERSION_SECRET"), 1) as transport:
        writer = Writer(transport, RateLimiter(1, sleep=lambda _: None))
        writer.send("POST", "/automations", {"name": "A"}, idempotent=False)
        with pytest.raises(Unreachable) as lost:
            writer.send("POST", "/automations", {"name": "B"}, idempotent=False)
    assert lost.value.sent
