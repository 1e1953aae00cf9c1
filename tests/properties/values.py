"""Texts and JSON values as an API or a person might send them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

STRANGE = (
    *("", " ", "no", "on", "~", "null", "1", "012", "0o7", "1e3", "-0", ".inf", "09:00", "10:30", "2024-01-01"),
    *("=", "<<", "---", "...", "a: b", "# c", "- x", "? y", "[", "{x}", "&a", "*b", "!t", "%p", "@q", "`", "|", ">"),
    *(
        "${",
        "$${",
        "${var.a}",
        "it's",
        'say "x"',
        "x\\y",
        "end\n",
        "two\nlines",
        " lines\n\nmore\n\n",
        "\ttab",
        "a\r\nb",
    ),
    *(
        "\x00",
        "\x1b[31m",
        "\x7f",
        "\x85",
        "\xa0",
        "\u200f",
        "\u2028",
        "\u202e",
        "\ufeff",
        "日本",
        "\N{ROCKET}",
        "é" * 90,
    ),
)
# Half a surrogate pair cannot be in UTF-8; where it may come, a test says so.
texts = st.sampled_from(STRANGE) | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
halves = texts | st.text(st.characters(categories=["Cs", "L"]), min_size=1, max_size=4)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)


def json_values(strings: st.SearchStrategy[str] = texts) -> st.SearchStrategy[Any]:
    """Any JSON value, its keys and texts from `strings`."""
    leaves = st.none() | st.booleans() | numbers | strings
    return st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(strings, inner, max_size=4), max_leaves=12
    )
