"""The grammar of a fault: one line of text in, a rule out. "Rehearsing faults" in the README has all words.

    METHOD PATH: WHAT HAPPENS [, DETAIL …] [, WHICH]

Commas divide the parts; between a word and its value a space and `=` mean the same; quotes, double or single, hold what
has these in it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from reconciler.simulator.rules import Choice, Rule, RuleError
from reconciler.simulator.vocabulary import CHOOSERS, DETAILS, FAULTS

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "*")
_RULE = re.compile(r"(\S+)\s+(/[^\s:]*)\s*:(.*)", re.DOTALL)
_WORD = re.compile(r""""([^"]*)"|'([^']*)'|([^\s,="']+)|(,)""")


def parse(text: str) -> Rule:
    """The rule that the text says; RuleError, with the text in front, where it says none."""
    text = text.strip()
    try:
        return _rule(text)
    except RuleError as error:
        raise RuleError(f"{text!r}: {error}") from None


def rules_in(lines: Iterable[str], name: str) -> list[str]:
    """The rules of a file, one a line; empty lines and those that begin with `#` are left out.

    RuleError names the file and every line that cannot be read.
    """
    rules, problems = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            rules.append(parse(line).text)
        except RuleError as error:
            problems.append(f"{name}:{number}: {error}")
    if problems:
        raise RuleError("\n".join(problems))
    return rules


def _rule(text: str) -> Rule:
    rule = _RULE.fullmatch(text)
    if rule is None:
        raise RuleError("expected METHOD PATH: WHAT HAPPENS, like 'GET /*: status 503'")
    method, path, rest = rule.groups()
    if path == "/v4" or path.startswith("/v4/"):
        raise RuleError(f"paths are written without /v4: {path.removeprefix('/v4') or '/*'}")
    clauses = _clauses(rest)
    for word, known in ((method, METHODS), *((name, (*FAULTS, *DETAILS, *CHOOSERS)) for name, _ in clauses)):
        if word not in known:
            close = difflib.get_close_matches(word, known, 1)
            instead = f"did you mean {close[0]}?" if close else f"expected one of {', '.join(known)}"
            raise RuleError(f"{word!r} is not known; {instead}")
    found = [clause for clause in clauses if clause[0] in FAULTS]
    if len(found) != 1:
        names = " and ".join(name for name, _ in found) or "none"
        raise RuleError(f"expected one fault in a rule, found {names}; a fault is one of {', '.join(FAULTS)}")
    ((what, words),) = found
    fault = FAULTS[what]
    if fault.method not in (method, "*") and method != "*":
        raise RuleError(f"{what} can only happen to a {fault.method}, not to a {method}")
    groups = _matched(what, words, fault.pattern, fault.usage).groups()
    clauses.remove((what, words))
    details, chosen = _values(clauses, what)
    effect = fault.effect(*groups, **details)
    return Rule(text, method, path, " ".join((what, *words)), effect, _choice(chosen))


def _clauses(text: str) -> list[tuple[str, list[str]]]:
    """The first word and the others of each part between two commas."""
    clauses: list[list[str]] = [[]]
    for double, single, bare, comma in _WORD.findall(text):
        if comma:
            clauses.append([])
        else:
            clauses[-1].append(double or single or bare)
    if re.search("[\"']", _WORD.sub("", text)):
        raise RuleError("a quote is not closed; expected the same quote behind the text")
    if not all(clauses):
        raise RuleError(f"nothing stands between two commas, or after the colon; expected one of {', '.join(FAULTS)}")
    return [(name, words) for name, *words in clauses]


def _values(clauses: Iterable[tuple[str, list[str]]], what: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The details of a fault, and which requests are meant, by their names."""
    fault = FAULTS[what]
    details: dict[str, Any] = {}
    chosen: dict[str, str] = {}
    for name, words in clauses:
        if name not in (allowed := (*fault.details, *CHOOSERS) if fault.choosable else fault.details):
            raise RuleError(f"{name} cannot be with {what}; expected one of {', '.join(allowed) or 'none'}")
        value: Any = _matched(name, words, *{**DETAILS, **CHOOSERS}[name])[0]
        if name == "header":
            value = (*details.get(name, ()), value)
        elif name in (*details, *chosen):
            raise RuleError(f"{name} is there twice; expected it once")
        (details if name in DETAILS else chosen)[name] = value
    return details, chosen


def _matched(name: str, words: list[str], pattern: str, usage: str) -> re.Match[str]:
    found = re.fullmatch(pattern, " ".join(words), re.DOTALL) if words else None
    if found is None:
        raise RuleError(f"{' '.join((name, *words))}: expected {usage}")
    return found


def _choice(chosen: Mapping[str, str]) -> Choice:
    if len(ways := [name for name in chosen if name != "times"]) > 1:
        raise RuleError(f"{' and '.join(ways)} cannot be in one rule; expected one of them")
    numbers: dict[str, Any] = {name: float(text) if name == "chance" else int(text) for name, text in chosen.items()}
    return Choice(**numbers)
