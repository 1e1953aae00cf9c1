"""A text, its value, and its problems."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reconciler.errors import Problem
from reconciler.yaml import read
from reconciler.yaml.located import Document

Read = Callable[[str | bytes], tuple[list[Document], list[Problem]]]


@pytest.fixture
def read_text() -> Read:
    """Read text or bytes as the file `f.yaml`."""

    def reader(text: str | bytes) -> tuple[list[Document], list[Problem]]:
        data = text.encode() if isinstance(text, str) else text
        return read(data, "f.yaml")

    return reader


@pytest.fixture
def value_of(read_text: Read) -> Callable[[str], Any]:
    """Return the value of a text that has one document and no problems."""

    def value(text: str) -> Any:
        documents, problems = read_text(text)
        assert problems == []
        assert len(documents) == 1
        return documents[0].value

    return value


@pytest.fixture
def problems_of(read_text: Read) -> Callable[[str | bytes], list[str]]:
    """Return the problems of a text as the user sees them."""

    def problems(text: str | bytes) -> list[str]:
        return [str(problem).removeprefix("f.yaml:") for problem in read_text(text)[1]]

    return problems
