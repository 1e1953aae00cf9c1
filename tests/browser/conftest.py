"""A browser for each worker, and the pages of a small project, planned and applied once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .chromium import chromium, missing, show
from .scenes import project, small

if TYPE_CHECKING:
    from selenium.webdriver import Chrome


@pytest.fixture(scope="session", autouse=True)
def there(uses_browser: None) -> None:
    """The tests are skipped where there is no browser, and say what is missing."""
    if missing():
        pytest.skip(missing())


@pytest.fixture(scope="session")
def started() -> Iterator[Chrome]:
    """A browser that runs."""
    with chromium() as driver:
        yield driver


@pytest.fixture
def browser(started: Chrome) -> Iterator[Chrome]:
    """A browser of a reader with a desk and a light theme, in whose console nothing may stand at the end."""
    show(started)
    started.get("about:blank")
    started.get_log("browser")
    yield started
    said = started.get_log("browser")
    assert not said, said


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `plan.html` and `applied.html` of the small project."""
    path = tmp_path_factory.mktemp("pages")
    with project(path) as made:
        small(made)
        made.command("plan", "--report", f"html={path / 'plan.html'}")
        made.command("apply", "--auto-approve", "--report", f"html={path / 'applied.html'}")
    return path


@pytest.fixture
def plan_page(pages: Path) -> str:
    """The address of the plan's page."""
    return (pages / "plan.html").as_uri()


@pytest.fixture
def applied_page(pages: Path) -> str:
    """The address of the page after the apply."""
    return (pages / "applied.html").as_uri()
