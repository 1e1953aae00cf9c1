"""What the parsers say about text that is no YAML, in plain words and the same for both parsers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import yaml

from reconciler.errors import Problem
from reconciler.yaml12.wording import quoted, shown

_VERSION: Final = "only YAML 1.2 is read; expected no %YAML line, or %YAML 1.2"


@dataclass(frozen=True)
class _Rule:
    """Where `context` and `problem` of an error match, `message` says it; `at_context` points to where it began.

    `message` may name {char} (the character in the way), {line} (where the context began) and {problem}.
    """

    problem: str
    message: str
    context: str = ""
    at_context: bool = False


_RULES: Final = (
    _Rule(
        "cannot start any token|tab character that violates",
        "a value cannot begin with {char}; expected it in quotes",
    ),
    _Rule(
        "could not find expected ':'",
        "no value follows this; expected `key: value`, with a space after the colon",
        at_context=True,
    ),
    _Rule(
        "mapping values are not allowed",
        '": " is not allowed here; expected the text in quotes when ": " is part of it, '
        "or a new line with the indentation of its map",
    ),
    _Rule(
        "mapping keys are not allowed",
        '"? " is not allowed here; expected the text in quotes, or a new line',
    ),
    _Rule(
        "sequence entries are not allowed",
        '"- " is not allowed here; expected a list on lines of its own, or the text in quotes',
    ),
    _Rule(
        "did not find expected key|<block end>",
        "this does not belong to the map that begins at line {line}; expected a key with the same indentation",
        context="block mapping",
    ),
    _Rule(
        "expected '-' indicator|<block end>",
        'this does not belong to the list that begins at line {line}; expected "- " with the same indentation',
        context="block collection",
    ),
    _Rule(
        "expected ',' or",
        'this "[" is not closed, or a comma is missing; expected "," between items and "]" at the end',
        context="flow sequence",
        at_context=True,
    ),
    _Rule(
        "expected ',' or",
        'this "{{" is not closed, or a comma is missing; expected "," between entries and "}}" at the end',
        context="flow mapping",
        at_context=True,
    ),
    _Rule("expected (the )?node content", "a value is missing here, found {char}; expected a value, or text in quotes"),
    _Rule(
        "unexpected (end of stream|document (separator|indicator))",
        "this quote is never closed; expected the same quote at the end of the text",
        at_context=True,
    ),
    _Rule(
        "unknown escape character",
        "unknown escape in double quotes; expected \\\\ for a backslash, or single quotes around the text",
        at_context=True,
    ),
    _Rule(
        "hexa?decimal number|invalid Unicode character",
        "this text has a \\x, \\u or \\U escape that is no character; expected 2, 4 or 8 hexadecimal digits of one",
        context="scalar",
        at_context=True,
    ),
    _Rule(
        "undefined tag handle",
        "unknown tag; expected one of !!str !!int !!float !!bool !!null !!map !!seq, or no tag",
        at_context=True,
    ),
    _Rule("incompatible YAML document|incompatible YAML version", _VERSION),
    _Rule(
        "expected '?<document start>'?",
        "a document has to end before this; expected one value, or --- on a line between two documents",
    ),
    _Rule(
        "",
        "this is no name of an anchor or alias; expected letters and digits after & or *, or the text in quotes",
        context="scanning an (anchor|alias)",
        at_context=True,
    ),
    _Rule(
        "",
        "this is no tag; expected one of !!str !!int !!float !!bool !!null !!map !!seq, or the text in quotes",
        context="(scanning|parsing) a tag",
        at_context=True,
    ),
    _Rule(
        "",
        "the text after | or > cannot be read; expected spaces as indentation, on lines after it",
        context="block scalar",
        at_context=True,
    ),
    _Rule(
        "",
        "this is no directive; expected the text in quotes when it begins with %, or %YAML 1.2",
        context="directive",
        at_context=True,
    ),
    _Rule("", "this is no YAML: {problem}; expected `key: value`"),
)
_ENDS: Final = {"": "the end of the file", "\n": "the end of the line", "\r": "the end of the line"}
_TAB: Final = "a tab is used as indentation; expected spaces"


def syntax_problem(error: yaml.YAMLError, text: str, file: str) -> Problem:
    """Return the problem that `error` of one of the parsers over `text` means."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return Problem(file, 1, 1, f"this is no YAML: {shown(str(error))}; expected `key: value`")
    context, problem = error.context or "", error.problem or ""
    rule = next(rule for rule in _RULES if re.search(rule.problem, problem) and re.search(rule.context, context))
    begun: Any = error.context_mark or error.problem_mark
    found: Any = error.problem_mark or begun
    char = text[found.index : found.index + 1]
    message = _TAB if char == "\t" and rule is _RULES[0] else _message(rule, char, problem, begun)
    mark = begun if rule.at_context else found
    return Problem(file, mark.line + 1, mark.column + 1, message)


def _message(rule: _Rule, char: str, problem: str, begun: Any) -> str:
    what = _ENDS.get(char) or quoted(char)
    return rule.message.format(char=what, line=begun.line + 1, problem=shown(problem))
