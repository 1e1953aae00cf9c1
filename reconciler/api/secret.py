"""The secret key: where it comes from, wrapped so that no message, log or traceback shows it by accident, and which
addresses it may be sent to, by which proxy, and with which trusted certificates.

A program that prints the key, a password manager for example, runs without a shell, within a time limit.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from urllib.request import getproxies, proxy_bypass

from reconciler.errors import CertificateUntrusted, KeyExposed, NotAuthorised, Refused, WrongUsage
from reconciler.model.redaction import Spellings, remove_credentials
from reconciler.model.settings import Environment
from reconciler.system import find_program, run_program
from reconciler.text import redact

MOST_PLACES = 10  # Objects that are named in one error.

# What may follow `Bearer ` (RFC 6750, 2.1). Nothing in it is written in another way in JSON, in Python or in a shell.
FORM = re.compile(r"[A-Za-z0-9._~+/-]+=*")
UNATTENDED_SECONDS, ATTENDED_SECONDS = 60.0, 300.0  # The command's time, and with a person who may have to type.

LONGEST_STDERR = 300
SHORTEST_PART = 6  # Shorter words of an output are everyday words, and no key.
KEY = re.compile(r"(?:test_)?sk_\S+")


@dataclass(frozen=True)
class Secret:
    """A secret key, and in words where it came from: the name of a variable, or of a command."""

    value: str = field(repr=False)
    source: str

    @property
    def sandbox(self) -> bool:
        """Whether the key opens the sandbox project (`test_sk_…`) and not the production one (`sk_…`)."""
        return self.value.startswith("test_sk_")

    @cached_property
    def spellings(self) -> Spellings:
        """How the key may be spelled."""
        return Spellings(self.value)

    def redact(self, text: str) -> str:
        """The text without the key: a server may quote it in a response."""
        return self.spellings.redact(text.encode("utf-8", "surrogatepass")).decode("utf-8", "replace")

    def require_absent(self, content: bytes, path: str) -> None:
        """KeyExposed if the JSON that the API holds at a path contains the key: it would go into files and states. A
        body that is no JSON, or an error, is reported elsewhere."""
        if not self.spellings.are_in(content):
            return
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            return
        if isinstance(document, dict) and document.get("error"):
            return
        try:
            found = list(islice(self.spellings.find_places(document), MOST_PLACES))
        except RecursionError:
            found = []
        objects = [f"{path.strip('/')} {owner}".strip() + (f": its {field}" if field else "") for owner, field in found]
        raise KeyExposed(
            "\n".join(f"{each} holds the secret key from {self.source}" for each in objects or [path]),
            hint="whoever sees this project may know the key by now: make a new one, revoke this one, and take it out "
            "of the object in the dashboard",
        )


def read_secret(
    environment: Environment, variables: Mapping[str, str], folder: Path, *, attended: bool = False
) -> Secret:
    """The key of an environment: from its variable if that is set, else the output of its `secret_command`. `folder`:
    that of reconciler.yaml. `attended`: the command may ask a person at the terminal. NotAuthorised if there is no key,
    or it cannot be one."""
    source, command = environment.secret_env, environment.secret_command
    value = variables.get(source, "").strip() if source else ""
    if command and not value:
        instead = f"set {source}, which wins" if source else "name a variable under secret_env: where set, it wins"
        source = f"secret_command ({command[0]})"
        hint = f"see by hand that it prints the key and nothing else; or {instead}"
        value = _run_command(command, folder, attended, lambda why: NotAuthorised(f"no key: {source} {why}", hint=hint))
    if not value:
        hint = f"set {source} to the project's Secret Key (sk_… or test_sk_…)"
        raise NotAuthorised(f"no key: {source} is not set", hint=hint)
    if not FORM.fullmatch(value):
        hint = "it is the Secret Key alone: sk_… or test_sk_…"
        raise NotAuthorised(f"{source} holds characters that a key cannot have", hint=hint)
    return Secret(value, source or "")


def _run_command(command: Sequence[str], folder: Path, attended: bool, no_key: Callable[[str], NotAuthorised]) -> str:
    """The one word that the program prints. `no_key` makes the error, from why there is none. It runs in `folder`, that
    of reconciler.yaml; a program with a slash in its name is relative to it. If it is `attended`, its stderr is shown;
    else that goes into the error."""
    name = command[0]
    # A bare name is looked for in PATH, and never in the folder.
    program = find_program(name) if Path(name).name == name else str((folder / name).absolute())
    if program is None:
        raise no_key("cannot be run (No such file or directory in PATH)")
    seconds = ATTENDED_SECONDS if attended else UNATTENDED_SECONDS
    try:
        code, out, stderr = run_program([program, *command[1:]], seconds=seconds, folder=folder, attended=attended)
    except TimeoutError:
        raise no_key(f"did not end within {seconds:g} seconds, and was ended") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise no_key(f"cannot be run ({why})") from error
    if code:
        how = f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
        text = KEY.sub("***", " ".join(stderr.decode("utf-8", "replace").split()))
        # Without the words of its stdout: they may be the key.
        text = redact(text, (part for part in out.decode("utf-8", "replace").split() if len(part) >= SHORTEST_PART))
        end = text if len(text) <= LONGEST_STDERR else f"…{text[-LONGEST_STDERR:]}"
        raise no_key(f"{how}: {end}" if end else how)
    words = out.decode("utf-8", "replace").split()
    if len(words) != 1:
        what = "more than one word; expected the key" if words else "nothing; expected the key, on stdout"
        raise no_key(f"printed {what}")
    return words[0]


BASE_PATH = "/v4"
# Strict, so that no two parsers could read it differently: no user, no password, no query, no blanks, no backslash.
ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?:(?P<host>[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)|\[(?P<ipv6>[0-9a-f:.]+)\])"
    r"(?::[1-9][0-9]{0,4})?(?P<path>(?:/[a-z0-9._~%-]*)*)",
    re.IGNORECASE | re.ASCII,
)
DISTRUST = {
    9: "its certificate is not valid yet",
    10: "its certificate has expired",
    18: "its certificate is signed by itself",
    19: "its certificate is signed by an authority that is not trusted",
    20: "its certificate is signed by an authority that is not known",
    62: "its certificate is for another host",
    64: "its certificate is for another address",
}
"""By the code of OpenSSL (docs.openssl.org/master/man3/X509_STORE_CTX_get_error)."""


def make_base_url(address: str, path: str = BASE_PATH) -> str:
    """The base URL of the API at an address; a bare host gets the base path, `path`. WrongUsage if it is no address, or
    has more than host, port and path; Refused for plain http to another machine."""
    parts = ADDRESS.fullmatch(address)
    if parts is None:
        # In ASCII, because a letter of another script may look like the one that is meant.
        shown = remove_credentials(address)
        text = f"{shown!a} is no API address"
        if shown.isascii():
            raise WrongUsage(text, hint="expected https://HOST, http://127.0.0.1:PORT or simulator:FILE")
        hint = "a letter that looks like another leads to another host; write the address with ASCII letters"
        raise WrongUsage(f"{text}: it holds characters that are not ASCII, shown by their codes", hint=hint)
    if parts["scheme"].lower() == "http" and not is_local(address):
        text = f"the key will not be sent over plain http to {parts['host'] or parts['ipv6']}"
        raise Refused(text, hint="use https, or a loopback address")
    origin = address[: len(address) - len(parts["path"])].lower()
    return origin + (parts["path"] if parts["path"].strip("/") else path)


def is_local(address: str) -> bool:
    """Whether an address is of a simulator, or of loopback."""
    parts = ADDRESS.fullmatch(address)
    if parts is None:
        return address.startswith("simulator:")
    host = (parts["host"] or parts["ipv6"]).lower()
    with suppress(ValueError):  # Any other name than this one may lead to another machine.
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    return False


def find_proxy(host: str) -> str | None:
    """The URL of the proxy for a host, by HTTPS_PROXY, ALL_PROXY and NO_PROXY, or the system's settings; or None.
    ValueError if its password is not escaped: a part of it would be taken for host and port."""
    known = getproxies()
    proxy = known.get("https") or known.get("all")
    if not proxy or proxy_bypass(host):
        return None
    _, separator, rest = proxy.rpartition("://")
    if "@" in re.sub("^[^/?#]*", "", rest):
        raise ValueError("a password is not escaped")
    return proxy if separator else f"http://{rest}"


def load_trust() -> ssl.SSLContext | bool:
    """The certificates that SSL_CERT_FILE or SSL_CERT_DIR name, else True for those of httpx, whose versions differ in
    these variables. WrongUsage if they cannot be read."""
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if not (file or folder):
        return True
    try:
        return ssl.create_default_context(cafile=file or None, capath=folder or None)
    except OSError as error:
        text = f"the certificates in {file or folder} cannot be used ({error.strerror or error})"
        hint = "SSL_CERT_FILE names a file of certificates (PEM), SSL_CERT_DIR a folder of them"
        raise WrongUsage(text, hint=hint) from error


def require_trust(error: BaseException, host: str) -> None:
    """CertificateUntrusted if a request failed because the certificate is not trusted: a retry would change nothing."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    if cause is not None:
        why = DISTRUST.get(cause.verify_code, f"its certificate is not valid (OpenSSL's code {cause.verify_code})")
        hint = "where a company's proxy or a server of your own signs, name its certificates in SSL_CERT_FILE"
        raise CertificateUntrusted(f"{host} cannot be trusted: {why}; nothing was sent", hint=hint) from error
