"""The git store over http, with the token that a checkout left behind."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from size import ends

from reconciler.errors import StateUnusable
from reconciler.state.backend import LockInfo

from .conftest import Remote, StoreOf, git, state

TOKEN = "ghs_secret"
BASIC = base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()
HEADER = f"AUTHORIZATION: basic {BASIC}"


@dataclass
class Forge:
    """A server that hands out a remote to those who bear the token."""

    url: str


@pytest.fixture
def forge(remote: Remote, uses_network: None) -> Iterator[Forge]:
    """Git's own http server behind a check of the token."""
    git(remote.path, "config", "http.receivepack", "true")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if [each.lower() for each in self.headers.get_all("Authorization", [])] != [f"basic {BASIC}".lower()]:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="forge"')
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            head, _, body = answer_of_git(self, remote).partition(b"\r\n\r\n")
            self.wfile.write(b"HTTP/1.0 200 OK\r\n" + head + b"\r\n\r\n" + body)

        do_POST = do_GET  # noqa: N815 - the name that the server looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the base class gives
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Forge(f"http://127.0.0.1:{server.server_port}/remote.git")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield made
        server.shutdown()
        thread.join()


def answer_of_git(request: BaseHTTPRequestHandler, remote: Remote) -> bytes:
    """What git's CGI program answers to a request."""
    path, _, query = request.path.partition("?")
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_PROJECT_ROOT": str(remote.folder),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_CONFIG_NOSYSTEM": "1",
        "REMOTE_USER": "ada",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "REQUEST_METHOD": request.command,
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": request.headers.get("Content-Length", "0"),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
    }
    body = request.rfile.read(int(environment["CONTENT_LENGTH"]))
    done = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True, check=True)  # noqa: S607
    return done.stdout


def in_the_settings(clone: Path) -> None:
    git(clone, "config", "http.extraheader", HEADER)


def in_the_settings_of_the_address(clone: Path) -> None:
    git(clone, "config", "http.http://127.0.0.1/.extraheader", "")
    address = git(clone, "remote", "get-url", "origin").removesuffix("remote.git")
    git(clone, "config", f"http.{address}.extraheader", HEADER)


def in_a_file_beside(clone: Path) -> None:
    beside = clone.with_name("credentials.config")
    git(clone, "config", "--file", str(beside), "http.extraheader", HEADER)
    git(clone, "config", f"includeIf.gitdir:{clone}/.git.path", str(beside))


def in_the_address(clone: Path) -> None:
    address = git(clone, "remote", "get-url", "origin")
    git(clone, "remote", "set-url", "origin", address.replace("://", f"://x-access-token:{TOKEN}@"))


def in_global_settings(clone: Path) -> None:
    git(clone, "config", "--global", "http.extraheader", HEADER)


def with_a_credential_helper(clone: Path) -> None:
    git(clone, "config", "credential.helper", "")
    git(clone, "config", "--add", "credential.helper", f"!echo username=x-access-token; echo password={TOKEN}; :")


def with_an_askpass_program_of_ci(clone: Path) -> None:
    program = clone.with_name("askpass")
    program.write_text(f'#!/bin/sh\ncase "$1" in User*) echo x-access-token;; *) echo {TOKEN};; esac\n')
    program.chmod(0o755)
    os.environ |= {"CI": "true", "GIT_ASKPASS": str(program)}


WAYS = (
    in_the_settings,
    in_the_settings_of_the_address,
    in_a_file_beside,
    in_the_address,
    in_global_settings,
    with_a_credential_helper,
    with_an_askpass_program_of_ci,
)


@pytest.mark.parametrize("leave_token", ends(WAYS), ids=lambda way: way.__name__)
def test_token_left_behind(
    remote: Remote,
    forge: Forge,
    store_of: StoreOf,
    leave_token: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Wherever git finds the token in a shallow checkout, the store finds it: lock, write and read work."""
    monkeypatch.setenv("CI", "")
    monkeypatch.setenv("GIT_ASKPASS", "")
    clone = remote.clone("clone", "--depth=1")
    git(clone, "remote", "set-url", "origin", forge.url)
    leave_token(clone)
    store = store_of(clone)
    with store.lock(LockInfo("run1", "ada", "now")):
        first = store.write(state(1), "")
        store.write(state(2, daily="r1"), first)
    assert store.read().state == state(2, daily="r1")
    assert len(remote.applies()) == 2
    assert store.holder() is None


@pytest.mark.parametrize("token", [None, "wrong_token"], ids=["none", "a wrong one"])
def test_token_that_does_not_fit(remote: Remote, forge: Forge, store_of: StoreOf, token: str | None) -> None:
    """Without a token, or with a wrong one, nobody is asked for another; the refusal names the right, not the token."""
    clone = remote.clone("clone", "--depth=1")
    git(clone, "remote", "set-url", "origin", forge.url)
    if token:
        git(clone, "config", "http.extraheader", f"AUTHORIZATION: basic {token}")
    with pytest.raises(StateUnusable, match="terminal prompts disabled") as caught:
        store_of(clone).read()
    assert "contents: write" in str(caught.value.hint)
    assert "wrong_token" not in str(caught.value)
