"""Objects of S3, Google Cloud Storage and Azure: read with a version, and swapped for that version.

The only importer of obstore. Credentials and endpoints come from the clouds' usual environment variables.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reconciler.errors import StateUnusable, WrongUsage
from reconciler.lazy import frozen, load
from reconciler.text import redact

if TYPE_CHECKING:
    from obstore import PutMode
    from obstore.store import ObjectStore

PATIENCE_SECONDS = 30.0  # How long a call may take with its retries. The credentials of a role may take as long again.
MOST_RETRIES = 6  # The library doubles its waits from 0.1 s [its default], so six fit into the time.
MOST_BYTES = 200_000_000
COPIED_OPTIONS = ("allow_http", "allow_invalid_certificates", "proxy_url", "proxy_ca_certificate", "proxy_excludes")
"""Options that obstore reads from the environment only without client options, and ours have time limits."""

NO_BUCKET = ("NoSuchBucket", "ContainerNotFound")
SECRET_NAME = re.compile(r"^(AWS|AZURE|GOOGLE)_.*(KEY|SECRET|TOKEN|PASSWORD|SAS)")
PLACE_NAME = re.compile(r"_(FILE|PATH|URI|URL|HOST)$")
SHORTEST_SECRET = 6  # A shorter value would mask parts of words.
ANSWER = re.compile(r"<Code>(?P<code>[^<]*)</Code>\s*(?:<Message>(?P<message>[^<]*)</Message>)?", re.DOTALL)
CLOUDS = {
    "s3": (
        "AWS_",
        "see to AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or the role of the machine), AWS_REGION, "
        "and AWS_ENDPOINT_URL where it is not Amazon's (AWS_ALLOW_HTTP=true for plain http)",
    ),
    "gs": ("GOOGLE_", "see to GOOGLE_APPLICATION_CREDENTIALS (or the service account of the machine)"),
    "az": (
        "AZURE_",
        "see to AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY "
        "(or AZURE_STORAGE_SAS_TOKEN, or the managed identity of the machine)",
    ),
}
"""By the scheme of an address: how the environment variables of a cloud begin, and which of them people set."""


@frozen
class Found:
    """The content of an object, and its version for `swap`."""

    content: bytes
    version: str


class Bucket:
    """One bucket or container, and the prefix of all names in it."""

    def __init__(self, url: str) -> None:
        """`url`: `s3://BUCKET/PREFIX` and the like. WrongUsage if it is no such address."""
        parts = urlsplit("")
        with suppress(ValueError):
            parts = urlsplit(url)
        steps = parts.path.strip("/").split("/") if parts.path.strip("/") else []
        plain = not (parts.query or parts.fragment or set(parts.netloc) & set("@:"))
        if parts.scheme not in CLOUDS or not parts.netloc or not plain or set(steps) & {"", ".", ".."}:
            raise WrongUsage(
                f"{_mask(url)}: not an address of an object store",
                hint="expected s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX, the prefix optional; "
                "credentials go into the environment",
            )
        self._variables, self._hint = CLOUDS[parts.scheme]
        self.root, self._prefix = f"{parts.scheme}://{parts.netloc}", "".join(f"{step}/" for step in steps)

    def where(self, name: str) -> str:
        """The address of an object, for people."""
        return f"{self.root}/{self._prefix}{name}"

    def read(self, name: str) -> Found | None:
        """An object; None if there is none. StateUnusable if the store or the bucket cannot be used."""
        store = self._store
        with self._convert_errors(name, "cannot be read"):
            try:
                answer = load("obstore:get")(store, f"{self._prefix}{name}")
            except FileNotFoundError as error:
                if any(code in str(error) for code in NO_BUCKET):
                    raise
                return None
            if answer.meta["size"] > MOST_BYTES:
                raise ValueError(f"it holds more than {MOST_BYTES // 1_000_000} MB, which no state does")
            return Found(bytes(answer.bytes()), _find_version(answer.meta))

    def swap(self, name: str, content: bytes, version: str) -> str | None:
        """Replaces the object of that version ("": there was none), and returns the new version. None if there is
        another version by now. If the response of a write is lost, the library sends it again, and the store refuses
        it. So the object is read then, and its version returned if it has this content. StateUnusable if the store
        cannot be used."""
        store = self._store
        exists, stale = load("obstore.exceptions:AlreadyExistsError"), load("obstore.exceptions:PreconditionError")
        with self._convert_errors(name, "cannot be written"):
            mode: PutMode = json.loads(version) if version else "create"
            try:
                return _find_version(load("obstore:put")(store, f"{self._prefix}{name}", content, mode=mode))
            except (exists, stale):
                pass
        stored = self.read(name)
        return stored.version if stored is not None and stored.content == content else None

    def names(self, folder: str) -> list[str]:
        """The names of all objects below a folder (`receipts/`), sorted. StateUnusable if they cannot be listed."""
        store = self._store
        with self._convert_errors(folder, "cannot be listed"):
            found = [each["path"] for chunk in load("obstore:list")(store, f"{self._prefix}{folder}") for each in chunk]
        return sorted(each.removeprefix(self._prefix) for each in found)

    def remove(self, name: str) -> None:
        """Deletes an object, whatever it holds. StateUnusable if that fails."""
        store = self._store
        with self._convert_errors(name, "cannot be removed"), suppress(FileNotFoundError):
            load("obstore:delete")(store, f"{self._prefix}{name}")

    @cached_property
    def _store(self) -> ObjectStore:
        try:
            from_url = load("obstore.store:from_url")
        except ImportError as error:
            text = f"{self.root}: a state in an object store needs a library that is not installed ({error})"
            hint = "pip install 'qonversion-reconciler[object]'"
            raise StateUnusable(text, hint=hint) from error
        given = {name: os.environ.get(f"{self._variables}{name.upper()}") for name in COPIED_OPTIONS}
        limit = timedelta(seconds=PATIENCE_SECONDS / 3)
        options: dict[str, Any] = {name: value for name, value in given.items() if value}
        options |= {"timeout": limit, "connect_timeout": min(limit, timedelta(seconds=5))}
        # Two thirds, so that the last attempt has time, too.
        retries = {"max_retries": MOST_RETRIES, "retry_timeout": limit * 2}
        with self._convert_errors("", "cannot be used"):
            store: ObjectStore = from_url(self.root, client_options=options, retry_config=retries)
        return store

    @contextmanager
    def _convert_errors(self, name: str, what: str) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            # A panic in the library (a line break in a key causes one) is no subclass of Exception.
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            text = str(error).partition("Debug source")[0]
            # The code and message of the store, instead of its XML.
            answer = ANSWER.search(text)
            if answer is not None:
                text = text.partition("<")[0] + ": ".join(filter(None, (answer["code"], answer["message"])))
            shown = _mask(" ".join(text.split()))
            # Without its cause: messages of the library may hold credentials.
            raise StateUnusable(f"{self.where(name)}: {what} ({shown})", hint=self._hint) from None


def _find_version(meta: Mapping[str, Any]) -> str:
    known = {name: meta[name] for name in ("e_tag", "version") if meta.get(name)}
    if not known:
        raise ValueError("the store gives no version of the object, so nothing can be swapped safely")
    return json.dumps(known, sort_keys=True)


def _mask(text: str) -> str:
    """A text without the credentials of the environment, those in an address, and the query that may be signed."""
    named = (value for name, value in os.environ.items() if SECRET_NAME.match(name) and not PLACE_NAME.search(name))
    text = redact(text, (each.strip() for each in named if len(each.strip()) >= SHORTEST_SECRET))
    return re.sub(r"(\w://[^\s?]*)\?\S*", r"\1?***", re.sub(r"//\S*@", "//***@", text))
