"""Pictures of the HTML page, made by the project's own commands: `python -m tests.browser --out DIR`."""

from __future__ import annotations

import argparse
import base64
import tempfile
from pathlib import Path

from .chromium import chromium, missing, show
from .scenes import SCENES, project

VIEWS = {
    "light": {"dark": False, "width": 1280, "height": 900},
    "dark": {"dark": True, "width": 1280, "height": 900},
    "phone": {"dark": False, "width": 390, "height": 844},
}
TALLEST = 4000


def main() -> None:
    """Draws every scene in every view, the plan and then what was done."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the pictures go")
    parser.add_argument("--scene", choices=SCENES, action="append", help="only this one; may be given again")
    chosen = parser.parse_args()
    if missing():
        raise SystemExit(missing())
    out = chosen.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    for name in chosen.scene or SCENES:
        pages(name, out)
    draw(sorted(out.glob("*.html")))


def pages(name: str, out: Path) -> None:
    """The HTML of a scene: `small.html` and `small-applied.html`."""
    with tempfile.TemporaryDirectory() as folder, project(Path(folder)) as made:
        SCENES[name](made)
        made.command("plan", "--report", f"html={out / name}.html")
        made.command("apply", "--auto-approve", "--max-deletes", "1000", "--report", f"html={out / name}-applied.html")


def draw(files: list[Path]) -> None:
    """A PNG of each page in each view: what a screen shows first, and the page as far as it is worth a look."""
    with chromium() as driver:
        for file in files:
            for view, settings in VIEWS.items():
                show(driver, **settings)
                driver.get(file.as_uri())
                for part, height in (("", settings["height"]), ("-whole", TALLEST)):
                    tall = min(height, driver.execute_script("return document.documentElement.scrollHeight"))
                    show(driver, **settings | {"height": max(tall, settings["height"])})
                    picture = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
                    target = file.with_name(f"{file.stem}-{view}{part}.png")
                    target.write_bytes(base64.b64decode(picture["data"]))


if __name__ == "__main__":
    main()
