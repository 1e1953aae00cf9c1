"""Pictures of the HTML page: `python -m tests.browser --out DIR` draws every scene, to be looked at; with `--readme`
instead, those that the README shows are drawn anew."""

from __future__ import annotations

import argparse
import base64
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .chromium import chromium, missing, show
from .scenes import SCENES, project

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

VIEWS = {
    "light": {"dark": False, "width": 1280, "height": 900},
    "dark": {"dark": True, "width": 1280, "height": 900},
    "phone": {"dark": False, "width": 390, "height": 844},
}
TALLEST = 4000
ROOT = Path(__file__).parents[2]
README = ROOT / ".github" / "pictures"


def main() -> None:
    """Draws every scene in every view, the plan and then what was done."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser", description=__doc__)
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the pictures go")
    parser.add_argument("--readme", action="store_true", help=f"draw {README.relative_to(ROOT)}/*.png")
    parser.add_argument("--scene", choices=SCENES, action="append", help="only this one; may be given again")
    chosen = parser.parse_args()
    if missing():
        raise SystemExit(missing())
    if chosen.readme:
        readme()
        return
    if chosen.out is None:
        parser.error("--out DIR or --readme")
    out = chosen.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    for name in chosen.scene or SCENES:
        pages(name, out)
    draw(sorted(out.glob("*.html")))


def pages(name: str, out: Path) -> None:
    """The HTML of a scene: `small.html` and `small-applied.html`."""
    with tempfile.TemporaryDirectory() as folder, project(Path(folder)) as made:
        SCENES[name](made)
        made.command("plan", *made.every, "--report", f"html={out / name}.html")
        made.command(
            "apply",
            *made.every,
            "--auto-approve",
            "--max-deletes",
            "1000",
            "--report",
            f"html={out / name}-applied.html",
        )


def readme() -> None:
    """The plan's page of the small scene, by day and by night."""
    README.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as driver:
        pages("small", Path(folder))
        for view in ("light", "dark"):
            show(driver, dark=view == "dark", width=1080, height=1180)
            driver.get((Path(folder) / "small.html").as_uri())
            shoot(driver, README / f"page-{view}.png")


def draw(files: list[Path]) -> None:
    """A PNG of each page in each view: what a screen shows first, and the page as far as it is worth a look."""
    with chromium() as driver:
        for file in files:
            for view, settings in VIEWS.items():
                show(driver, **settings)
                driver.get(file.as_uri())
                shoot(driver, file.with_name(f"{file.stem}-{view}.png"))
                tall = driver.execute_script("return document.documentElement.scrollHeight")
                show(driver, **settings | {"height": max(settings["height"], min(tall, TALLEST))})
                shoot(driver, file.with_name(f"{file.stem}-{view}-whole.png"))


def shoot(driver: Chrome, target: Path) -> None:
    """What the window shows now, as a PNG."""
    picture = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "optimizeForSpeed": False})
    target.write_bytes(base64.b64decode(picture["data"]))


if __name__ == "__main__":
    main()
