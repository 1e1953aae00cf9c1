"""The way to the API: a door (real HTTP or the embedded simulator), a client that can only read, one that can write."""

from reconciler.api.client import Reader, Writer
from reconciler.api.secret import Secret
from reconciler.api.transport import Door, open_door

__all__ = ["Door", "Reader", "Secret", "Writer", "open_door"]
