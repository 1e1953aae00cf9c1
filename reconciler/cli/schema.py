"""`reconciler schema`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from reconciler.errors import Exit
from reconciler.output.schemas import every_schema
from reconciler.output.terminal import write_stderr, write_stdout


@click.command()
@click.option("--write", is_flag=True, help="Write the schemas into the folder.")
@click.option("--check", is_flag=True, help="Exit with 5 if the folder's schemas are stale.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default="schemas")
def schema(folder: Path, write: bool, check: bool) -> None:
    """JSON Schemas of the configuration, for editors.

    Prints that of the whole configuration; --write puts all of them into FOLDER.
    """
    texts = {name: json.dumps(each, indent=2, ensure_ascii=False) + "\n" for name, each in every_schema().items()}
    if not (write or check):
        write_stdout(texts["configuration.schema.json"].rstrip())
    if write:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
        write_stderr(f"wrote {len(texts)} schemas to {folder}")
    if check:
        stale = [name for name, text in texts.items() if _read(folder / name) != text]
        if stale:
            write_stderr(f"stale in {folder}: {', '.join(stale)}\nhint: run `reconciler schema --write {folder}`")
            raise SystemExit(Exit.REFUSED)


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
