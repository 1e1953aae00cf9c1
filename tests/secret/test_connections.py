"""Where the key is sent: to the address that was named, by TLS that is verified, and nowhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from shutil import which

import pytest
from api.raw import answer, saying
from terminal import read_terminal
from world import KEY, World, integration

from reconciler.simulator import Simulator

from .conftest import NAME, Secure
from .served import Quoting, Redirecting, Seen, proxying, serving

pytestmark = pytest.mark.usefixtures("no_waiting")

FLOW = "automations: {flow: {name: Flow, status: active, data: {actions: {push: p1}}}}\n"


@pytest.fixture(autouse=True)
def flow(world: World) -> None:
    world.write(FLOW)


def test_a_certificate_that_nobody_knows_is_refused(world: World, secure: Secure) -> None:
    """Exit 1, said once and not tried again, with the variable that helps; no request has left."""
    refused = world.plan("--api-url", secure.url, "--debug", "--parallelism", "1")
    assert refused.code == 1
    why = "its certificate is signed by an authority that is not known; nothing was sent"
    assert f"error: localhost cannot be trusted: {why}" in refused.err
    assert "hint: where a company's proxy or a server of your own signs, name its certificates in SSL_CERT_FILE" in (
        refused.err
    )
    asked = [line for line in refused.err.splitlines() if line.startswith("debug: ")]
    assert len(asked) == len({line.split()[2] for line in asked}) > 0
    assert secure.seen.keys == []


@pytest.mark.parametrize(
    "variable",
    [
        "SSL_CERT_FILE",
        pytest.param("SSL_CERT_DIR", marks=pytest.mark.skipif(not which("openssl"), reason="no openssl, which hashes")),
    ],
)
@pytest.mark.process
def test_certificates_can_be_named(
    world: World, secure: Secure, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str
) -> None:
    """By a file, or by a folder of them under their hashes; a plan and an apply go through."""
    if variable == "SSL_CERT_DIR":
        folder = tmp_path / "certificates"
        folder.mkdir()
        (folder / _hash_of(secure.certificates)).write_bytes(secure.certificates.read_bytes())
        monkeypatch.setenv(variable, str(folder))
    else:
        monkeypatch.setenv(variable, str(secure.certificates))
    assert world.apply("--api-url", secure.url).code == 0
    assert set(secure.seen.keys) == {KEY}


def test_the_name_in_the_certificate_counts(world: World, secure: Secure, monkeypatch: pytest.MonkeyPatch) -> None:
    """A known authority is not enough: the certificate is of another host."""
    monkeypatch.setenv("SSL_CERT_FILE", str(secure.certificates))
    with proxying(secure.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        refused = world.plan("--api-url", "https://another.reconciler.test")
    assert refused.code == 1
    why = "its certificate is for another host; nothing was sent"
    assert f"error: another.reconciler.test cannot be trusted: {why}" in refused.err
    assert secure.seen.keys == []


def test_a_certificate_has_its_days(world: World, secure: Secure, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says so in words that no version of OpenSSL changes."""
    monkeypatch.setenv("SSL_CERT_FILE", str(secure.certificates))
    secure.renew(datetime(2020, 1, 1, tzinfo=UTC))
    refused = world.plan("--api-url", secure.url)
    assert refused.code == 1
    assert "error: localhost cannot be trusted: its certificate has expired; nothing was sent" in refused.err


@pytest.mark.parametrize(
    ("status", "why"), [("407 Proxy Says What It Likes", "the proxy answered 407"), ("x", "the answer is not HTTP")]
)
def test_a_proxy_that_refuses_is_named(world: World, monkeypatch: pytest.MonkeyPatch, status: str, why: str) -> None:
    """By its status, and not by its words."""
    with saying(lambda line, over: [answer(b"", status)]) as url:
        monkeypatch.setenv("HTTPS_PROXY", url.removesuffix("/v4"))
        refused = world.plan("--api-url", "https://api.reconciler.test")
    assert refused.code == 1
    assert f"no answer from api.reconciler.test ({why})" in refused.err


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_certificates_that_are_none(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    """Exit 64, and the variable is named: falling back to others would hide the mistake."""
    file = tmp_path / "none.pem"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    refused = world.plan("--api-url", "https://127.0.0.1:9")
    assert refused.code == 64
    assert f"error: the certificates in {file} cannot be used" in refused.err
    assert "SSL_CERT_FILE" in refused.err


def test_a_proxy_is_used_and_sees_no_key(world: World, secure: Secure, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a tunnel: the name of the host is all that it is told."""
    monkeypatch.setenv("SSL_CERT_FILE", str(secure.certificates))
    with proxying(secure.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert world.apply("--api-url", f"https://{NAME}").code == 0
    assert set(proxy.asked) == {f"CONNECT {NAME}:443 HTTP/1.1"}
    assert KEY.encode() not in proxy.shown
    assert set(secure.seen.keys) == {KEY}


@pytest.mark.parametrize("hosts", ["localhost", "*", "example.com,localhost"])
def test_no_proxy_is_honoured(world: World, secure: Secure, monkeypatch: pytest.MonkeyPatch, hosts: str) -> None:
    """The host that it names is called directly."""
    monkeypatch.setenv("SSL_CERT_FILE", str(secure.certificates))
    with proxying(secure.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert world.plan("--api-url", secure.url).code == 2
        assert proxy.asked
        proxy.asked.clear()
        monkeypatch.setenv("NO_PROXY", hosts)
        assert world.plan("--api-url", secure.url).code == 2
    assert proxy.asked == []


def test_plain_http_goes_through_no_proxy(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is plain stays on this machine, whatever the environment says."""
    with proxying(9) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert world.plan().code == 2
    assert proxy.asked == []
    assert proxy.shown == b""


@pytest.mark.parametrize(
    "proxy",
    [
        "socks5://user:hunter22@127.0.0.1:9",
        "what://user:hunter22@127.0.0.1:9",
        "http://user:hunter22#more@127.0.0.1:9",
        "http://user:hunter22/more@127.0.0.1:9",
        "http://user:hunter22?more@127.0.0.1:9",
        "user:hunter22/more@127.0.0.1:9",
        "http://user:12/hunter22@127.0.0.1:9",
        "http://user:more@hunter22@127.0.0.1:hunter22",
    ],
)
def test_a_proxy_that_cannot_be_used(world: World, monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    """Exit 64, the variables are named, and the proxy's password is not said."""
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    refused = world.plan("--api-url", "https://127.0.0.1:9")
    assert refused.code == 64
    assert "see HTTPS_PROXY" in refused.err
    assert "hunter22" not in refused.err


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(world: World, status: int) -> None:
    """An error; the other host is not even asked."""
    elsewhere = Redirecting(200, "")
    with serving(elsewhere) as other, serving(moved := Redirecting(status, f"http://127.0.0.1:{other}")) as port:
        ended = world.plan("--api-url", f"http://127.0.0.1:{port}")
    assert ended.code == 1
    assert f"answered {status}" in ended.err
    assert f"it redirects to http://127.0.0.1:{other}/v4/" in ended.err
    assert "redirects are not followed" in ended.err
    assert "hint: if the API lives there now, write that address" in ended.err
    assert moved.asked > 0
    assert elsewhere.asked == 0


@pytest.mark.parametrize(
    "target",
    [
        f"https://user:{KEY}@elsewhere.example",
        f"https://elsewhere.example/?token={KEY}&password=hunter22&path=",
        f"https://elsewhere.example/{KEY}",
        "https://user:hunter22@elsewhere.example",
        "//user:hunter22@elsewhere.example",
        "https://user:hunter22/more@elsewhere.example",
    ],
)
def test_where_a_redirect_leads_is_told_without_secrets(world: World, target: str) -> None:
    """The host, and neither a user, a password, a query nor the key; also in the report of an apply that writes."""
    with serving(Redirecting(308, target)) as port:
        ended = world.plan("--api-url", f"http://127.0.0.1:{port}")
    assert ended.code == 1
    assert "elsewhere.example" in ended.err
    assert KEY not in ended.err
    assert "hunter22" not in ended.err


def test_a_write_that_is_redirected_is_told(world: World) -> None:
    """A create is not followed elsewhere either, and the report says where it was sent to."""
    world.fault('POST /automations: status 307, header="Location: https://elsewhere.example/v4/automations"')
    applied = world.apply()
    assert applied.code == 1
    assert "it redirects to https://elsewhere.example/v4/automations, and redirects are not followed" in applied.out
    assert world.live("automations") == []


@pytest.mark.parametrize(
    ("host", "named"),
    [
        ("\u0430pi.qonversion.io", r"\u0430pi.qonversion.io"),
        ("api.qonver\u017fion.io", r"api.qonver\u017fion.io"),
        ("api.qonversion.\u0456o", r"api.qonversion.\u0456o"),
        ("api.qonversion\u3002io", r"api.qonversion\u3002io"),
        ("\u212aonversion.example", r"\u212aonversion.example"),
    ],
)
def test_a_host_that_looks_like_another_is_refused(world: World, host: str, named: str) -> None:
    """Exit 64; the character is named by its code, as the eye does not tell it from another. It may be a file's."""
    refused = world.plan("--api-url", f"https://{host}/v4")
    assert refused.code == 64
    assert named in refused.err
    assert host not in refused.err
    world.write(f"environments: {{default: {{api_url: 'https://{host}/v4'}}}}\n", "reconciler.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("QONVERSION_API_URL")
        refused = world.plan()
    assert refused.code == 64
    assert named in refused.err


def test_a_host_of_another_script_is_shown_as_it_is_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """`xn--` stands for letters that may look like others, so it is never shown as those."""
    with proxying(9) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        ended = world.plan("--api-url", "https://xn--pi-7kc.qonversion.io", "--parallelism", "1")
    assert ended.code == 1
    assert "xn--pi-7kc.qonversion.io" in ended.err
    assert "\u0430" not in ended.err


@pytest.mark.parametrize(
    "host",
    [
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0.0.0.0",  # noqa: S104 - it is refused
        "localhost.",
        "192.168.1.1",
        "[::2]",
        "[::ffff:10.0.0.1]",
    ],
)
def test_plain_http_is_for_this_machine(world: World, host: str) -> None:
    """Exit 5 for whatever is not loopback beyond doubt, however near it looks."""
    refused = world.plan("--api-url", f"http://{host}:1/v4")
    assert (refused.code, refused.out) in ((5, ""), (64, ""))
    assert world.requests() == []


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1@evil.example/v4",
        "http://user:hunter22@127.0.0.1/v4",
        "https://user:hunter22@api.qonversion.io",
        "https://user:hunter22/more@api.qonversion.io",
        "https://user:hunter22#more@api.qonversion.io",
        "https://user:more?hunter22@api.qonversion.io",
        "user:hunter22@api.qonversion.io",
        "https://api.qonversion.io/v4?key=hunter22",
        "https://api.qonversion.io/v4#hunter22",
        "http://hunter22\\@127.0.0.1/v4",
        "http://127.0.0.1\t.evil.example",
        "http://local\nhost.evil.example",
        "https://api.qonversion.io /v4",
        "https://test_sk_hunter22Hunter22/v4 ",
    ],
)
def test_an_address_is_a_host_and_a_path(world: World, address: str) -> None:
    """Exit 64 for more; a password or a key in it is not repeated."""
    refused = world.plan("--api-url", address)
    assert refused.code == 64
    assert "hunter22" not in refused.err.lower()
    assert refused.err.startswith("error: ")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_loopback_is_loopback(world: World, host: str) -> None:
    """Its names, by plain http."""
    assert world.plan("--api-url", world.url.replace("127.0.0.1", host)).code == 2


@pytest.mark.parametrize(
    ("status", "form"),
    [
        ("422 No", '{"error": {"code": "bad", "message": "not with KEY"}}'),
        ("401 No", '{"error": {"code": "control_unauthorized", "message": "the key KEY is revoked"}}'),
        ("200 Yes", "<html>hello KEY</html>"),
        ("200 Yes", '{"data": "KEY", '),
    ],
)
def test_an_api_that_quotes_the_key(world: World, tmp_path: Path, status: str, form: str) -> None:
    """It is in no output, and in no file that outlives the run."""
    with Simulator(tmp_path / "quoting.db") as simulator, serving(Quoting(simulator, status, form)) as port:
        address = f"http://127.0.0.1:{port}/v4"
        ended = world.run("apply", "--auto-approve", "--debug", "--api-url", address)
    assert ended.code in (1, 4, 6), ended.err
    assert KEY not in ended.out + ended.err
    kept = [each.read_bytes() for each in world.folder.rglob("*") if each.is_file()]
    assert len(kept) > 1
    assert not [each for each in kept if KEY.encode() in each]


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no terminals here")
@pytest.mark.process
def test_the_moving_line_of_a_terminal_goes_through_the_same_gate(world: World, tmp_path: Path) -> None:
    """What a failure says above it: no key, no sequence that acts."""
    form = '{"error": {"code": "bad", "message": "begin\\u001b[8m\\u202eKEY end"}}'
    ours, theirs = os.openpty()
    with Simulator(tmp_path / "quoting.db") as simulator, serving(Quoting(simulator, "422 No", form)) as port:
        program = [sys.executable, "-m", "reconciler", "apply", "--auto-approve", str(world.folder)]
        program += ["--api-url", f"http://127.0.0.1:{port}/v4"]
        try:
            done = subprocess.run(program, stdout=subprocess.DEVNULL, stderr=theirs, check=False)
            os.close(theirs)
            told = read_terminal(ours)
        finally:
            os.close(ours)
    assert done.returncode == 1
    plain = " ".join(told.split())
    assert "begin\\u001b[8m\\u202e" in plain
    assert KEY not in told
    assert "\x1b[8m" not in told
    assert "\u202e" not in told


def test_a_live_name_that_is_the_key_is_not_shown(world: World) -> None:
    """Somebody pasted it into the dashboard: the object is named by its id, and nothing of it is shown."""
    identity = world.insert("integrations", **integration(f"mine is {KEY} ok"))
    for form in ("text", "json"):
        ended = world.run("plan", "--format", form)
        assert (ended.code, ended.out) == (5, "")
        assert KEY not in ended.err
        assert f"integrations {identity}: its title holds the secret key" in ended.err


def test_the_key_is_sent(world: World, tmp_path: Path) -> None:
    """And it is the one of the environment: what the tests here look for is really there."""
    with Simulator(tmp_path / "seen.db") as simulator, serving(seen := Seen(simulator)) as port:
        assert world.plan("--api-url", f"http://127.0.0.1:{port}").code == 2
    assert set(seen.keys) == {KEY}


def _hash_of(certificate: Path) -> str:
    """The name under which OpenSSL looks for an authority in a folder."""
    command = ["openssl", "x509", "-hash", "-noout", "-in", str(certificate)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() + ".0"
