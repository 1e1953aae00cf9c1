"""The expressions of GitHub's workflows, as far as ours use them; what is not known here is an error.

docs.github.com/en/actions/reference/workflows-and-actions/expressions
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|([A-Za-z_][\w.-]*)|(==|!=|&&|\|\||[()!]))")
PLACE = re.compile(r"\$\{\{(.*?)\}\}")
STATUS = ("always", "success", "failure", "cancelled")


class Unknown(Exception):
    """A workflow uses what this evaluator, or the context that it is given, does not know."""


def filled(text: str, contexts: Mapping[str, Any]) -> str:
    """A value of a workflow with its expressions replaced by what they come to."""
    return PLACE.sub(lambda found: said(value_of(found[1], contexts)), text)


def holds(condition: str, contexts: Mapping[str, Any], *, failed: bool) -> bool:
    """Whether a step or a job with this `if` runs; one that asks for no status runs only where nothing failed."""
    found = PLACE.fullmatch(condition.strip())
    text = found[1] if found else condition
    asks = any(re.search(rf"\b{name}\(\)", text) for name in STATUS)
    return (asks or not failed) and truthy(value_of(text, {**contexts, "failed": failed}))


def value_of(text: str, contexts: Mapping[str, Any]) -> Any:
    """What an expression comes to: None, a bool, or a text."""
    return _Reader(text, contexts).whole()


def said(value: Any) -> str:
    """A value as text."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def truthy(value: Any) -> bool:
    """Whether it counts as true."""
    return value not in (None, False, "", 0)


class _Reader:
    def __init__(self, text: str, contexts: Mapping[str, Any]) -> None:
        self._contexts = contexts
        self._tokens: list[str] = []
        at = 0
        while text[at:].strip():
            found = TOKEN.match(text, at)
            if found is None:
                raise Unknown(f"{text!r} at {text[at:]!r}")
            self._tokens.append(found[0].strip())
            at = found.end()

    def whole(self) -> Any:
        value = self._or()
        if self._tokens:
            raise Unknown(f"left over: {self._tokens}")
        return value

    def _or(self) -> Any:
        return self._chain("||", self._and, lambda left: not truthy(left))

    def _and(self) -> Any:
        return self._chain("&&", self._equal, truthy)

    def _chain(self, sign: str, part: Callable[[], Any], goes_on: Callable[[Any], bool]) -> Any:
        value = part()
        while self._taken(sign):
            following = part()
            value = following if goes_on(value) else value
        return value

    def _equal(self) -> Any:
        left = self._one()
        for sign in ("==", "!="):
            if self._taken(sign):
                return _alike(left, self._one()) is (sign == "==")
        return left

    def _one(self) -> Any:
        if self._taken("!"):
            return not truthy(self._one())
        if self._taken("("):
            value = self._or()
            self._need(")")
            return value
        token = self._tokens.pop(0) if self._tokens else ""
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if self._taken("("):
            self._need(")")
            return self._status(token)
        return {"true": True, "false": False, "null": None}[token] if token in WORDS else self._named(token)

    def _status(self, name: str) -> bool:
        failed = self._contexts.get("failed")
        if name not in STATUS or failed is None:
            raise Unknown(f"{name}()")
        return {"always": True, "success": not failed, "failure": failed, "cancelled": False}[name]

    def _named(self, name: str) -> Any:
        value: Any = self._contexts
        for part in name.split("."):
            if value is None:
                return None
            if not isinstance(value, Mapping) or part not in value:
                raise Unknown(f"{name}: {part}")
            value = value[part]
        return value

    def _taken(self, token: str) -> bool:
        if self._tokens[:1] != [token]:
            return False
        self._tokens.pop(0)
        return True

    def _need(self, token: str) -> None:
        if not self._taken(token):
            raise Unknown(f"expected {token} before {self._tokens}")


WORDS = ("true", "false", "null")


def _alike(left: Any, right: Any) -> bool:
    """Texts without regard to case; nothing and an empty text are both zero as numbers."""
    if isinstance(left, str) and isinstance(right, str):
        return left.casefold() == right.casefold()
    return (left or None) == (right or None)
