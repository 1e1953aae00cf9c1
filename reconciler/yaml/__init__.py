"""YAML 1.2 core text to values and back, with the place of every key and value. The only room that imports `yaml`.

The way back is `yaml12.writing`, which only those load who write.
"""

from reconciler.yaml.anchors import Budget
from reconciler.yaml.located import Document, LocatedList, LocatedMap, find_position
from reconciler.yaml.parsers import is_accelerated
from reconciler.yaml.reading import read

__all__ = ["Budget", "Document", "LocatedList", "LocatedMap", "find_position", "is_accelerated", "read"]
