"""The two event parsers of PyYAML: the C parser, and the Python parser with the behaviour of the C parser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, Protocol

import yaml
from yaml.parser import ParserError
from yaml.scanner import ScannerError

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_PAIR_BEGINS: Final = ("\\ud", "\\uD")
_PAIR_FORM: Final = r"(?<!\\)((?:\\\\)*+\\u)([%s])([89abAB][0-9a-fA-F]{2}\\u)([%s])([c-fC-F][0-9a-fA-F]{2})"
_PAIR: Final = re.compile(_PAIR_FORM % ("dD", "dD"))
_MOVED_PAIR: Final = re.compile(_PAIR_FORM % ("eE", "eE"))
_MOVED: Final = re.compile("[\ue800-\uebff][\uec00-\uefff]")
_TAKEN: Final = re.compile(r"[\ue800-\uefff]|\\(?:u|U0000)[eE][89a-fA-F]")


class Parser(Protocol):
    """One event after the other, None at the end."""

    def get_event(self) -> Any: ...

    def dispose(self) -> None: ...


def is_accelerated() -> bool:
    """Tell whether PyYAML's C parser is there."""
    return bool(yaml.__with_libyaml__)


def _loader() -> Any:
    return yaml.CSafeLoader if is_accelerated() else _PureParser


def parser_for(text: str) -> Parser:
    """Return a parser over `text`: the C parser if it is installed, else the Python parser."""
    make: Callable[[str], Parser] = _loader()
    if not any(begin in text for begin in _PAIR_BEGINS) or _TAKEN.search(text):
        return make(text)
    return _PairParser(make(_PAIR.sub(partial(_moved, by=1), text)))


def compose(text: str) -> Iterator[yaml.Node]:
    """The nodes of the documents of `text`, with their beginnings and ends. They hold no values for people."""
    return yaml.compose_all(_PAIR.sub(partial(_moved, by=1), text), _loader())


class _PairParser:
    """A parser of text with escaped surrogate pairs, which JSON uses for characters beyond U+FFFF, and YAML does not.

    The parser reads escapes of the private use area instead (E for D), which the text does not use. They have the same
    length, so all positions stay. The values then get the characters that the pairs mean.
    """

    def __init__(self, parser: Parser) -> None:
        self._parser = parser
        self.dispose = parser.dispose

    def get_event(self) -> Any:
        """Return the next event. A pair is a character only in double quotes."""
        event = self._parser.get_event()
        if event.__class__ is yaml.ScalarEvent:
            is_quoted = event.style == '"'
            sub = partial(_MOVED.sub, _character) if is_quoted else partial(_MOVED_PAIR.sub, partial(_moved, by=-1))
            event.value = sub(event.value)
        return event


def _moved(found: re.Match[str], by: int) -> str:
    """Return the escapes of a pair with the next letter (or the one before it) for its D, in the same case."""
    before, first, between, second, after = found.groups()
    return before + chr(ord(first) + by) + between + chr(ord(second) + by) + after


def _character(found: re.Match[str]) -> str:
    high, low = map(ord, found[0])
    return chr(0x10000 + ((high - 0xE800) << 10) + (low - 0xEC00))


class _PureParser(yaml.SafeLoader):
    """The Python parser, with the behaviour of libyaml if the two differ."""

    def scan_to_next_token(self) -> None:
        """Skip tabs too, unless they are indentation."""
        super().scan_to_next_token()
        while self.peek() == "\t" and (self.flow_level or not self.allow_simple_key):
            self.forward()
            super().scan_to_next_token()

    def scan_plain_spaces(self, indent: int, start_mark: Any) -> list[str]:
        """Take tabs for the white space that they are, and a line break for a space or for the empty lines after it."""
        blanks = self._blanks()
        if self.peek() not in "\r\n":
            return [blanks] if blanks else []
        self.scan_line_break()  # type: ignore[no-untyped-call]
        self.allow_simple_key = True
        empty_lines = 0
        while not self._at_document_mark():
            if self.peek() == "\t" and self.column < indent:
                problem = "found a tab character that violates indentation"
                raise ScannerError("while scanning a plain scalar", start_mark, problem, self.get_mark())
            if self.peek() in "\r\n":
                self.scan_line_break()  # type: ignore[no-untyped-call]
                empty_lines += 1
            elif self.peek() in " \t":
                self.forward()
            else:
                return ["\n" * empty_lines or " "]
        return []

    def _blanks(self) -> str:
        length = 0
        while self.peek(length) in " \t":
            length += 1
        blanks: str = self.prefix(length)
        self.forward(length)
        return blanks

    def _at_document_mark(self) -> bool:
        return self.column == 0 and self.prefix(3) in ("---", "...") and self.peek(3) in "\0 \t\r\n"

    def scan_tag(self) -> Any:
        """Refuse the flow indicators in a tag that YAML 1.2 refuses."""
        token = super().scan_tag()
        handle, suffix = token.value
        if handle is not None and any(char in ",[]" for char in suffix):
            raise ScannerError("while scanning a tag", token.start_mark, "found a flow indicator", self.get_mark())
        return token

    def scan_flow_scalar(self, style: str) -> Any:
        """Refuse escapes that are no characters instead of failing on them or letting them pass."""
        start = self.get_mark()
        try:
            token = super().scan_flow_scalar(style)
        except (ValueError, OverflowError):
            token = None
        if token is None or _SURROGATE.search(token.value):
            problem = "found invalid Unicode character escape code"
            raise ScannerError("while parsing a quoted scalar", start, problem, self.get_mark())
        return token

    def scan_directive_name(self, start_mark: Any) -> str:
        """Refuse directives that YAML does not know."""
        name: str = super().scan_directive_name(start_mark)  # type: ignore[no-untyped-call]
        if name not in ("YAML", "TAG"):
            raise ScannerError(
                "while scanning a directive", start_mark, "found unknown directive name", self.get_mark()
            )
        return name

    def process_directives(self) -> Any:
        """Refuse versions that libyaml does not know."""
        mark = self.peek_token().start_mark  # type: ignore[no-untyped-call]
        directives = super().process_directives()  # type: ignore[no-untyped-call]
        if self.yaml_version not in (None, (1, 1), (1, 2)):
            raise ParserError(None, None, "found incompatible YAML document", mark)
        return directives

    def fetch_stream_end(self) -> None:
        """Let the text end on a line of its own."""
        if self.column:
            self.column = 0
            self.line += 1
        super().fetch_stream_end()
