"""Which addresses the key may be sent to, by which proxy, and which certificates are trusted there."""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from urllib.request import getproxies, proxy_bypass

from reconciler.errors import CertificateUntrusted, Refused, WrongUsage
from reconciler.lazy import load
from reconciler.model.redaction import remove_credentials

BASE_PATH = "/v4"
# Strict, so that no two parsers could read it differently: no user, no password, no query, no blanks, no backslash.
ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?:(?P<host>[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)|\[(?P<ipv6>[0-9a-f:.]+)\])"
    r"(?::[1-9][0-9]{0,4})?(?P<path>(?:/[a-z0-9._~%-]*)*)",
    re.IGNORECASE | re.ASCII,
)
NAMED = 3
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
EXPECTED = "expected https://HOST, http://127.0.0.1:PORT or simulator:FILE"


def base_url(address: str, path: str = BASE_PATH) -> str:
    """The base URL of the API at an address; a bare host gets the base path, `path`.

    WrongUsage if it is no address, or has more than host, port and path; Refused for plain http to another machine.
    """
    parts = ADDRESS.fullmatch(address)
    if parts is None:
        if foreign := sorted(set(re.findall(r"[^\x00-\x7f]", remove_credentials(address)))):
            raise WrongUsage(
                f"{remove_credentials(address)!a} is no API address: it holds {_named(foreign)}",
                hint="a letter that looks like another leads to another host; write the address with ASCII letters",
            )
        raise WrongUsage(f"{remove_credentials(address)!r} is no API address", hint=EXPECTED)
    host = parts["host"] or parts["ipv6"]
    if parts["scheme"].lower() == "http" and not _is_loopback(host.lower()):
        raise Refused(f"the key will not be sent over plain http to {host}", hint="use https, or a loopback address")
    origin = address[: len(address) - len(parts["path"])].lower()
    return origin + (parts["path"] if parts["path"].strip("/") else path)


def is_local(address: str) -> bool:
    """Whether an address is of a simulator, or of loopback."""
    parts = ADDRESS.fullmatch(address)
    return address.startswith("simulator:") or (
        parts is not None and _is_loopback((parts["host"] or parts["ipv6"]).lower())
    )


def _named(characters: list[str]) -> str:
    name = load("unicodedata:name")
    named = [f"U+{ord(each):04X} {name(each, '(no name)')}" for each in characters[:NAMED]]
    return ", ".join(named) + (f" and {len(characters) - NAMED} more" if len(characters) > NAMED else "")


def proxy_for(host: str) -> str | None:
    """The URL of the proxy for a host, by HTTPS_PROXY, ALL_PROXY and NO_PROXY, or the system's settings; or None.

    ValueError if its password is not escaped: a part of it would be taken for host and port.
    """
    known = getproxies()
    proxy = known.get("https") or known.get("all")
    if not proxy or proxy_bypass(host):
        return None
    _, separator, rest = proxy.rpartition("://")
    if "@" in re.sub("^[^/?#]*", "", rest):
        raise ValueError("a password is not escaped")
    return proxy if separator else f"http://{rest}"


def trusted() -> ssl.SSLContext | bool:
    """The certificates that SSL_CERT_FILE or SSL_CERT_DIR name, else True for those of httpx, whose versions differ in
    these variables. WrongUsage if they cannot be read."""
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if not (file or folder):
        return True
    try:
        return ssl.create_default_context(cafile=file or None, capath=folder or None)
    except OSError as error:
        raise WrongUsage(
            f"the certificates in {file or folder} cannot be used ({error.strerror or error})",
            hint="SSL_CERT_FILE names a file of certificates (PEM), SSL_CERT_DIR a folder of them",
        ) from error


def require_trust(error: BaseException, host: str) -> None:
    """CertificateUntrusted if a request failed because the certificate is not trusted: a retry would change nothing."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    if cause is not None:
        why = DISTRUST.get(cause.verify_code, f"its certificate is not valid (OpenSSL's code {cause.verify_code})")
        raise CertificateUntrusted(
            f"{host} cannot be trusted: {why}; nothing was sent",
            hint="where a company's proxy or a server of your own signs, name its certificates in SSL_CERT_FILE",
        ) from error


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
