"""YAML 1.2 core text to values and back, with the position of each key and value. The only importer of PyYAML.

`yaml.writing` makes text of values. It is not imported here: only commands that write YAML need it.
"""

from reconciler.yaml.anchors import ALIAS, Budget
from reconciler.yaml.located import Document, LocatedList, LocatedMap, Position, find_location, find_way
from reconciler.yaml.reading import read

__all__ = ["ALIAS", "Budget", "Document", "LocatedList", "LocatedMap", "Position", "find_location", "find_way", "read"]
