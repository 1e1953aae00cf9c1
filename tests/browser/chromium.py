"""A real Chromium without a screen, driven by the chromedriver of the same package; nothing is downloaded."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING
from unittest import mock

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

BROWSERS = ("chromium", "chromium-browser")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
)


def missing() -> str:
    """What is not there of what a browser test needs, in a sentence; empty where all is."""
    if find_spec("selenium") is None:
        return "selenium is not installed (pip install '.[browser]')"
    if _browser() is None:
        return "there is no Chromium (apt-get install chromium)"
    if shutil.which("chromedriver") is None:
        return "there is no chromedriver (apt-get install chromium-driver)"
    return ""


def _browser() -> str | None:
    return next((path for path in map(shutil.which, BROWSERS) if path), None)


@contextmanager
def chromium(*flags: str, scripts: bool = True) -> Iterator[Chrome]:
    """A browser with a new, empty profile. `scripts`: whether pages may run any."""
    from selenium.webdriver import Chrome, ChromeOptions  # noqa: PLC0415 - an extra, and absent on some machines
    from selenium.webdriver.chrome.service import Service  # noqa: PLC0415

    options = ChromeOptions()
    options.binary_location = _browser() or ""
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    if not scripts:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}", *flags):
            options.add_argument(flag)
        # The driver is named, so that selenium does not go and look for one; it is on this machine, behind no proxy.
        with mock.patch.dict(os.environ, {"no_proxy": "localhost", "NO_PROXY": "localhost"}):
            driver = Chrome(options=options, service=Service(executable_path=shutil.which("chromedriver")))
        try:
            yield driver
        finally:
            driver.quit()


def show(driver: Chrome, *, dark: bool = False, width: int = 1280, height: int = 900) -> None:
    """How large the page is, and what the reader's system prefers."""
    driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]},
    )
    driver.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
    )
