"""The state in a file, written atomically: it is the old one or the new one, never half of each."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from reconciler.errors import StateUnusable
from reconciler.model.memory import Memory
from reconciler.state.document import from_text, to_text


class FileStore:
    """The state of one environment in one file."""

    def __init__(self, path: Path, environment: str) -> None:
        self.path = path
        self.environment = environment

    def read(self) -> Memory:
        """What it holds; an empty memory where there is no file. StateUnusable where it cannot be read."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return Memory(self.environment)
        except (OSError, UnicodeDecodeError) as error:
            raise StateUnusable(f"{self.path}: the state cannot be read ({error})", hint="see to the file") from error
        return from_text(text, self.environment, str(self.path))

    def write(self, memory: Memory) -> None:
        """Puts a memory in the file's place: written beside it, on the disk, then renamed over it."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
            try:
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(to_text(memory))
                    file.flush()
                    os.fsync(file.fileno())
                Path(name).replace(self.path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise StateUnusable(
                f"{self.path}: the state cannot be written ({error})", hint="see to the disk"
            ) from error
