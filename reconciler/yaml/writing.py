"""Values to YAML text that means the same in YAML 1.1 and 1.2."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, ScalarNode, SequenceNode

from reconciler.yaml.located import walk

_TAG: Final = "tag:yaml.org,2002:"
# All that the types of YAML 1.1 or the core schema of 1.2 do not take for a string: words, numbers (underscores, base
# 60, binary, octal, hexadecimal, exponents), times, `=` and `<<`. It may match more: quotes do no harm.
_NO_STRING: Final = re.compile(
    r"""(?xi)
    ~? | null | true | false | yes | no | on | off | y | n | = | <<
    | [-+]? \.? [0-9] [0-9_.:]* (?: e [-+]? [0-9_]* )?
    | [-+]? 0 (?: b [01_]+ | o [0-7_]+ | x [0-9a-f_]+ )
    | [-+]? \. (?: inf | nan | [0-9_.]* (?: e [-+]? [0-9]* )? )
    | [0-9]{4} - [0-9]{1,2} - [0-9]{1,2} (?: [Tt\ \t] .* )?
    """
)
_HIDDEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
"""Control characters, line separators, marks of the direction of text, and characters that YAML does not allow."""

_LONGEST_SIMPLE_KEY: Final = 160  # PyYAML writes `? key` on a line of its own beyond 128 characters
_LONGEST_FLOW_ITEM: Final = 100  # A longer map is easier to compare with one key on each line.
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_ESCAPED: Final = re.compile(_HIDDEN.pattern[:-1] + '\t\n"\\\\]')
_ESCAPES: Final = {"\0": "\\0", "\t": "\\t", "\n": "\\n", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


@dataclass(frozen=True, slots=True)
class Layout:
    """How a text indents: a map below a key by `step` columns, the dashes of a list below a key by `dash`.

    `is_flow`: all in flow style. `has_short_maps`: short maps in lists are on one line, `- {type: x, id: y}`.
    `must_quote`: which texts have to be in double quotes, beside those that could be misread.
    """

    step: int = 2
    dash: int = 2
    is_flow: bool = False
    has_short_maps: bool = False
    must_quote: Callable[[str], bool] = lambda _: False


def dump(value: Any, layout: Layout = Layout()) -> str:
    """Return `value`, made of dicts with string keys, lists, strings, numbers, booleans and None, as block style YAML.

    Raises ValueError for what JSON does not have: other types, keys that are no strings, NaN and the infinities, and
    strings with half of a surrogate pair.
    """
    stream = StringIO()
    dumper = _Dumper(stream, width=sys.maxsize, default_flow_style=layout.is_flow, sort_keys=False, allow_unicode=True)
    dumper.layout = layout
    dumper.open()
    dumper.represent(value)
    dumper.close()
    return stream.getvalue().removesuffix("...\n")  # PyYAML ends a plain scalar with this line


def dump_inline(value: Any, quote: str) -> str:
    """A value on one line behind a key or a dash, with the quotes of the text that was there."""
    if isinstance(value, str) and (quote in ("'", '"') or "\n" in value):
        is_single = quote == "'" and value.isprintable()
        return "'" + value.replace("'", "''") + "'" if is_single else _quote(value)
    return dump(value, Layout(is_flow=True)).rstrip("\n")


def escape_variables(value: Any) -> Any:
    """The value with each `${` in its texts as `$${`, which is no variable."""
    if isinstance(value, str):
        return value.replace("${", "$${")
    if isinstance(value, dict):
        return {key: escape_variables(inner) for key, inner in value.items()}
    return [escape_variables(item) for item in value] if isinstance(value, list) else value


def has_variable_key(value: Any) -> bool:
    """Whether a key within a value contains `${`: keys cannot be escaped."""
    return any("${" in str(key_path[-1]) for key_path, _ in walk(value) if key_path)


class _Dumper(yaml.SafeDumper):
    """Block style, indented lists, no anchors, and quotes if two readers could differ."""

    layout: Layout

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent as the layout says. What is within an item of a list is behind its dash."""
        self.indents.append(self.indent)
        deeper = self.layout.dash if isinstance(self.event, yaml.SequenceStartEvent) else self.layout.step
        if self.indent is None:
            self.indent = 2 if flow else 0
        else:
            self.indent += 2 if self.sequence_context else deeper

    def check_simple_key(self) -> bool:
        """Write `key: value` for empty and longer keys too; readers allow 1024 characters, escapes included."""
        simple: bool = super().check_simple_key()
        return simple or (isinstance(self.event, yaml.ScalarEvent) and len(self.event.value) <= _LONGEST_SIMPLE_KEY)

    def choose_scalar_style(self) -> str:
        """Use one kind of quotes."""
        style: str = super().choose_scalar_style()
        return '"' if style == "'" else style

    def represent_data(self, data: Any) -> Any:
        """Return the node of a value. ValueError for what JSON does not have."""
        is_flow = self.layout.is_flow or not data
        if data is None or type(data) in (bool, int) or (type(data) is float and math.isfinite(data)):
            return super().represent_data(data)
        if isinstance(data, str):
            return ScalarNode(_TAG + "str", data, style=_choose_style(data, self.layout))
        if isinstance(data, dict):
            if wrong := [key for key in data if not isinstance(key, str)]:
                raise ValueError(f"no JSON value: the key {wrong[0]!r} is no string")
            pairs = [(self.represent_data(key), self.represent_data(item)) for key, item in data.items()]
            return MappingNode(_TAG + "map", pairs, flow_style=is_flow)
        if isinstance(data, list):
            items = [self.represent_data(item) for item in data]
            for node, item in zip(items, data, strict=True) if self.layout.has_short_maps else ():
                if _is_short(item):
                    node.flow_style = True
            return SequenceNode(_TAG + "seq", items, flow_style=is_flow)
        raise ValueError(f"no JSON value: {data!r}")

    def write_double_quoted(self, text: str, split: bool = True) -> None:
        """Write `text` on one line, with escapes only for characters that need them or are not visible."""
        self.write_indicator(_quote(text), True)


def _quote(text: str) -> str:
    """Return `text` in double quotes on one line."""
    return '"' + _ESCAPED.sub(lambda found: _ESCAPES.get(found[0]) or f"\\u{ord(found[0]):04x}", text) + '"'


def _choose_style(text: str, layout: Layout) -> str | None:
    """Return how to write a string: as a literal block, in double quotes, or (None) as plain as the emitter may."""
    if _SURROGATE.search(text):
        raise ValueError(f"no JSON value: half of a surrogate pair in {text!r}")
    if _HIDDEN.search(text) or _NO_STRING.fullmatch(text) or layout.must_quote(text):
        return '"'
    if "\n" in text:
        lines = text.removesuffix("\n").split("\n")
        # A literal block gives the text back exactly, without an indicator for white space at its ends.
        is_literal = lines[-1] and not text[0].isspace() and all(line == line.rstrip() for line in lines)
        return "|" if is_literal else '"'
    return None


def _is_short(value: Any) -> bool:
    """Whether a value is a map of several scalars, or of maps of scalars, that fit on one line. One key needs no
    braces."""
    if not isinstance(value, dict) or len(value) == 1:
        return False
    inner = [leaf for each in value.values() for leaf in (each.values() if isinstance(each, dict) else [each])]
    if any(isinstance(each, dict | list) for each in inner):
        return False
    return sum(len(f"{key}: {each}, ") for key, each in value.items()) < _LONGEST_FLOW_ITEM
