"""YAML 1.2 core text to values and back, with the position of each key and value. The only importer of PyYAML.

`yaml.writing` makes text of values. It is not imported here: only commands that write YAML need it.
"""

from reconciler.yaml.located import KeyPath, LocatedList, LocatedMap, copy_plain, find_key_path, find_location, walk
from reconciler.yaml.reading import ALIAS, Budget, read

__all__ = ["ALIAS", "Budget", "KeyPath", "LocatedList", "LocatedMap"]
__all__ += ["copy_plain", "find_key_path", "find_location", "read", "walk"]
