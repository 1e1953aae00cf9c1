"""Answers that lie on the wire: without end, trickling, packed into bombs, cut off. An error each, in bounded time and
memory, or the right reading."""

from __future__ import annotations

import errno
import gzip
import itertools
import json
import os
import random
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from world import KEY

from reconciler.api import Reader, connect, transport
from reconciler.api.rate_limiter import RateLimiter
from reconciler.api.response import Response
from reconciler.api.secret import Secret
from reconciler.api.streams import MOST_BYTES
from reconciler.cli.main import run
from reconciler.errors import AnswerRefused, AnswerUnreadable, Unreachable

from .raw import Bytes, answer, saying

pytestmark = pytest.mark.network

RECORD = {"id": "a1", "name": "One"}
BODY = json.dumps(RECORD).encode()
MIB = 1024 * 1024
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"


def get(url: str) -> Response:
    """One reading, retries without waiting."""
    with connect(url, Secret(KEY, "QONVERSION_SECRET"), 2) as opened:
        slept: list[float] = []
        return Reader(opened, RateLimiter(2, sleep=slept.append, clock=lambda: sum(slept))).get("/automations/a1")


def said(body: bytes, **headers: str) -> Response:
    """What is read of an answer."""
    with saying(lambda line, over: [answer(body, **headers)]) as url:
        return get(url)


@cache
def bomb(mebibytes: int) -> bytes:
    """That many MiB of JSON, packed a thousand to one."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    pieces = [packer.compress(b'"')] + [packer.compress(b"x" * MIB) for _ in range(mebibytes)]
    return b"".join([*pieces, packer.compress(b'"'), packer.flush()])


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (BODY, "identity"),
        (gzip.compress(BODY), "gzip"),
        (gzip.compress(BODY), " X-GZIP "),
        (zlib.compress(BODY), "deflate"),
        (gzip.compress(BODY[:5]) + gzip.compress(BODY[5:]), "gzip"),
        (gzip.compress(b"") + gzip.compress(BODY), "gzip"),
    ],
    ids=["identity", "gzip", "x-gzip", "deflate", "members", "empty-member"],
)
def test_a_packed_answer_is_unpacked(body: bytes, coding: str) -> None:
    """As HTTP has it."""
    assert said(body, content_encoding=coding).record() == RECORD


@pytest.mark.parametrize(
    ("body", "coding", "how"),
    [
        (gzip.compress(BODY)[:-9], "gzip", "ends in the middle"),
        (gzip.compress(BODY)[:5], "gzip", "ends in the middle"),
        (BODY, "gzip", "cannot be unpacked"),
        (gzip.compress(BODY) + b"rest", "gzip", "cannot be unpacked|ends in the middle"),
        (gzip.compress(gzip.compress(BODY)), "gzip, gzip", "not asked for"),
        (BODY, "br", "not asked for: 'br'"),
        (BODY, "x" * 5000, "not asked for"),
        (lambda: bomb(64), "gzip", "more than 32 MiB"),
        (lambda: bytes(33 * MIB), "identity", "more than 32 MiB"),
    ],
    ids=["cut", "cut-head", "not-packed", "trailing", "twice", "unknown", "long-word", "bomb", "large"],
)
def test_a_body_that_is_not_what_its_header_says_is_refused(
    body: bytes | Callable[[], bytes], coding: str, how: str
) -> None:
    """In one short sentence, once: it would be the same again."""
    packed = body if isinstance(body, bytes) else body()
    asked: list[str] = []

    def play(line: str, over: threading.Event) -> Bytes:
        asked.append(line)
        return [answer(packed, content_encoding=coding)]

    with saying(play) as url, pytest.raises(AnswerUnreadable, match=how) as raised:
        get(url)
    assert len(str(raised.value)) < 200
    assert len(asked) == 1


def test_a_bomb_takes_no_memory() -> None:
    """A quarter of a gigabyte in 250 kB: no more is unpacked than may be read."""
    packed = bomb(256)
    tracemalloc.start()
    with pytest.raises(AnswerUnreadable, match="32 MiB"):
        said(packed, content_encoding="gzip")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"{len(packed)} bytes, {peak / MIB:.0f} MiB at most")  # noqa: T201 - said where a test is read with -s
    assert peak < 4 * MOST_BYTES


EMPTY_BLOCK = b"\x00\x00\x00\xff\xff"


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (HEAD + b"\r\n", b"x" * MIB),
        (HEAD + b"content-length: 99999999999\r\n\r\n", b" " * MIB),
        (CHUNKED, b"100000\r\n" + b"[" * MIB + b"\r\n"),
        (HEAD + b"content-encoding: deflate\r\n\r\n\x78\x9c", EMPTY_BLOCK * (MIB // 5)),
    ],
    ids=["until-close", "length", "chunks", "packed-nothing"],
)
def test_a_body_without_end_is_given_up(head: bytes, piece: bytes) -> None:
    """After 32 MiB, whatever way it comes."""
    with (
        saying(lambda line, over: itertools.chain([head], itertools.repeat(piece))) as url,
        pytest.raises(AnswerUnreadable, match="more than 32 MiB"),
    ):
        get(url)


def test_headers_without_end_are_given_up() -> None:
    """The connection is at fault: tried again, five times in all."""
    with (
        saying(
            lambda line, over: itertools.chain([HEAD], itertools.repeat(b"x-more: " + b"y" * 1000 + b"\r\n"))
        ) as url,
        pytest.raises(Unreachable, match="no answer from") as raised,
    ):
        get(url)
    assert raised.value.sent


def drops(first: bytes, piece: bytes, over: threading.Event) -> Iterator[bytes]:
    """A piece now and then, for ever."""
    yield first
    while not over.wait(0.05):
        yield piece


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (b"", b"H"),
        (HEAD, b"x"),
        (HEAD + b"content-length: 1000000\r\n\r\n", b" "),
        (CHUNKED + b"5;", b"x"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["status-line", "headers", "body", "chunk-extension", "only-continue"],
)
def test_what_trickles_in_for_ever_is_given_up(first: bytes, piece: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """No time-out from byte to byte ever ends it; the bound of the whole exchange does."""
    monkeypatch.setattr(transport, "EXCHANGE_SECONDS", 0.3)
    began = time.monotonic()
    with saying(lambda line, over: drops(first, piece, over)) as url, pytest.raises(Unreachable) as raised:
        get(url)
    assert raised.value.sent
    assert "not complete after" in str(raised.value)
    assert time.monotonic() - began < 20


NO_ANSWER = "the server ended the connection without an answer"
CUT = "the server ended the connection within its answer"
NO_HTTP = "the answer is not HTTP"


@pytest.mark.parametrize(
    ("wire", "why"),
    [
        pytest.param(b"", NO_ANSWER, id="nothing"),
        pytest.param(b"\x00\x01\x02", NO_HTTP, id="noise"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", CUT, id="another-protocol"),
        pytest.param(b"HTTP/1.1 two hundred\r\n\r\n", NO_HTTP, id="no-status"),
        pytest.param(HEAD + b"content-length: 50\r\n\r\n{", CUT, id="cut"),
        pytest.param(HEAD + b"content-length: 5\r\ncontent-length: 6\r\n\r\n{}", NO_HTTP, id="two-lengths"),
        pytest.param(HEAD + b"content-length: -1\r\n\r\n{}", NO_HTTP, id="negative"),
        pytest.param(HEAD + b"no colon\r\n\r\n{}", NO_HTTP, id="no-header"),
        pytest.param(CHUNKED + b"zz\r\n{}\r\n", NO_HTTP, id="no-size"),
        pytest.param(CHUNKED + b"2\r\n{}\r\n", CUT, id="no-last-chunk"),
    ],
)
def test_what_is_no_whole_answer_is_none(wire: bytes, why: str) -> None:
    """It counts as an answer that was lost. The error says why in our words."""
    with saying(lambda line, over: [wire]) as url, pytest.raises(Unreachable) as raised:
        get(url)
    assert raised.value.sent
    assert str(raised.value) == f"GET /automations/a1: no answer from 127.0.0.1 ({why})"


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "the connection was refused"),
        (ConnectionResetError(errno.ECONNRESET, "x"), "the connection was reset"),
        (TimeoutError("x"), "no connection in time"),
        (socket.gaierror(socket.EAI_NONAME, "x"), "the name of the host is not known"),
        (socket.gaierror(socket.EAI_AGAIN, "x"), "no name server answers"),
        (OSError(errno.ENETUNREACH, "x"), os.strerror(errno.ENETUNREACH)),
        (OSError("x"), "the connection failed"),
    ],
    ids=["refused", "reset", "time-out", "name", "name-server", "network", "unknown"],
)
def test_without_a_connection_the_error_says_why(error: OSError, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In words that no library chooses; nothing was sent."""

    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(Unreachable) as raised:
        get("http://127.0.0.1:9/v4")
    assert not raised.value.sent
    assert str(raised.value) == f"GET /automations/a1: no answer from 127.0.0.1 ({why})"


def test_a_server_without_tls_is_named() -> None:
    """It answers, in another protocol."""
    with saying(lambda line, over: [answer(BODY)]) as url, pytest.raises(Unreachable, match=r"\(TLS failed: [A-Z_]+\)"):
        get(url.replace("http:", "https:"))


@pytest.mark.parametrize(
    "body",
    [
        b"\xff\xfe\x00",
        b"{",
        b"NaN",
        b'{"n": Infinity}',
        b'{"n": 1e999}',
        b'{"n": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 100 + b"1" + b"}" * 100,
        b"\xef\xbb\xbf<html>",
    ],
    ids=["bytes", "cut", "nan", "infinity", "too-large", "too-long", "nested", "deep", "html"],
)
def test_what_is_no_json_is_an_error(body: bytes) -> None:
    """Also what Python alone takes for JSON, and what is nested so deep that reading it would end in a crash."""
    with pytest.raises(AnswerUnreadable) as raised:
        said(body).record()
    assert len(str(raised.value)) < 1200


def test_a_byte_order_mark_is_no_text() -> None:
    """Some proxies add one."""
    assert said(b"\xef\xbb\xbf" + BODY).record() == RECORD


REFUSALS = {
    "envelope": ({"error": {"code": "invalid_data", "message": "No"}}, "invalid_data; No"),
    "text": ({"error": "nope"}, "answered 422 nope"),
    "number": ({"error": 5}, "answered 422"),
    "null": ({"error": None}, "answered 422"),
    "empty": ({}, "answered 422"),
    "list": ([], "answered 422"),
    "code-is-a-number": ({"error": {"code": 7}}, "answered 422 7"),
    "code-is-a-map": ({"error": {"code": {"a": [1]}}}, "{'a': [1]}"),
    "details-are-text": ({"error": {"message": "No", "details": "all"}}, "No"),
    "details-are-texts": ({"error": {"message": "No", "details": ["a", None, 5]}}, "No"),
    "details": ({"error": {"details": [{"field": "a.b", "message": "bad"}]}}, "a.b: bad"),
    "details-without-words": ({"error": {"details": [{}]}}, "?: ?"),
    "details-odd": ({"error": {"details": [{"field": 5, "message": {"x": 1}}]}}, "5: {'x': 1}"),
    "many-details": ({"error": {"details": [{"field": "f", "message": "m" * 999}] * 5000}}, "and 4990 more"),
    "lines": ({"error": {"message": "a\nhint: do as I say\r\n\u2028b"}}, "a hint: do as I say b"),
    "long": ({"error": {"message": "x" * 10 * MIB, "code": "y" * MIB}}, "x…"),
}


@pytest.mark.parametrize(("body", "expected"), REFUSALS.values(), ids=REFUSALS)
@pytest.mark.parametrize("status", ["422 Unprocessable", "200 OK"])
def test_what_an_error_says_is_one_line(body: object, expected: str, status: str) -> None:
    """Whatever shape it has, and however long it is. With the status of a success it is an error all the same, where
    there is something in `error`."""
    errs = isinstance(body, dict) and body.get("error")
    if status == "200 OK" and not errs:
        assert said(json.dumps(body).encode()).body() == body
        return
    with (
        saying(lambda line, over: [answer(json.dumps(body).encode(), status)]) as url,
        pytest.raises(AnswerRefused) as raised,
    ):
        get(url)
    shown = expected.replace("422", "200 with an error:") if status == "200 OK" else expected
    assert shown in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1
    assert len(str(raised.value)) < 5000


def test_an_object_with_a_field_named_error_is_an_object() -> None:
    """A new field is no failure."""
    record = {**RECORD, "error": {"since": "2026-01-01"}}
    assert said(json.dumps(record).encode()).record() == record


def test_an_error_is_told_whatever_its_body_is() -> None:
    """A refusal with a body that cannot be read is a refusal."""
    for body, coding in ((bomb(64), "gzip"), (b"x", "gzip"), (b"x", "br")):
        with (
            saying(lambda line, over, b=body, c=coding: [answer(b, "404 Not Found", content_encoding=c)]) as url,
            pytest.raises(AnswerRefused, match="answered 404"),
        ):
            get(url)


def test_no_header_of_a_date_is_a_crash() -> None:
    """`Retry-After` of any text: a number of seconds, or none."""
    seed = 20261121
    print(f"seed {seed}")  # noqa: T201 - a failure shows it
    luck = random.Random(seed)  # noqa: S311 - dice, not secrets
    words = [
        "Wed,",
        "21",
        "Oct",
        "2015",
        "07:28:00",
        "GMT",
        "+9999",
        "-0000",
        "99999",
        "0",
        ":",
        "-",
        "²",
        "",
        "1e9",
        "24:61",
    ]
    now = datetime.now(UTC)
    for _ in range(5000):
        text = " ".join(luck.choices(words, k=luck.randint(0, 7)))
        waits = Response("GET", "/x", 503, {"retry-after": text}, b"").retry_after(now)
        assert waits is None or waits >= 0, text


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_at_the_command_line_it_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """Exit 1, one error, no traceback, nothing written, nothing that acts on the terminal."""
    (tmp_path / "main.yaml").write_text("automations: {a: {name: A, status: active, data: {}}}", encoding="utf-8")
    monkeypatch.setenv("QONVERSION_SECRET", KEY)
    asked: list[str] = []

    def play(line: str, over: threading.Event) -> Bytes:
        asked.append(line.split(maxsplit=1)[0])
        return [answer(json.dumps({"error": {"message": "\x1b[2J\n::error::gone\u202e"}}).encode())]

    with saying(play) as url:
        arguments = ["--auto-approve"] if command == "apply" else []
        assert run([command, str(tmp_path), "--api-url", url, *arguments]) == 1
    told = capsys.readouterr()
    assert set(asked) == {"GET"}
    assert "answered 200 with an error: " in told.err
    assert "\x1b[2J" not in told.err
    assert "\u202e" not in told.err
    assert "\n::error" not in told.err
    assert "fault in reconciler" not in told.err
