"""Addresses with a user, a password or a query in them: shown without."""

from __future__ import annotations

import re

# Who wrote a password with / # or ? in it has not escaped it, and it is a password all the same: what follows `user:`
# and is no port.
USER = re.compile(r"""(?<=//)(?:[^/?#\s'"]*(?=@)|[^/?#\s'":]*:(?!\d*(?:[/?#\s'"]|$))[^\s'"]*(?=@))""")
ALL_BEFORE_HOST = re.compile(r"(?:(?<=//)|^(?![^\s/]*//))\S*@")


def users_in(text: str) -> list[str]:
    """The users, with their passwords, of the addresses in a text."""
    return USER.findall(text)


def without_user(text: str) -> str:
    """A text without the user and the password of the addresses in it."""
    return USER.sub("***", text)


def without_credentials(text: str) -> str:
    """An address without user, password and query, and without what looks like a key; also one that is none."""
    text = re.sub(r"[?#]\S*", "?***", ALL_BEFORE_HOST.sub("***@", text))
    return re.sub(r"(?:test_)?sk_[^\s/]+", "***", text)
