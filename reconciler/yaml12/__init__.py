"""YAML 1.2 core text to values and back, with the place of every key and value. The only room that imports `yaml`."""

from reconciler.yaml12.located import Document, LocatedList, LocatedMap, mark_of
from reconciler.yaml12.parsers import is_accelerated
from reconciler.yaml12.reading import read
from reconciler.yaml12.room import Room
from reconciler.yaml12.writing import dump

__all__ = ["Document", "LocatedList", "LocatedMap", "Room", "dump", "is_accelerated", "mark_of", "read"]
