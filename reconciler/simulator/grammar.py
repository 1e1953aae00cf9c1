"""The grammar of a fault: one line of text in, a rule out.

    METHOD PATH: WHAT HAPPENS [, DETAIL …] [, WHICH]

    POST /scheduled-reports: drop after, n=1
    POST /integrations: drop before, n=1
    GET /*: status 503, chance=0.1
    PUT /scheduled-reports/*: status 500 after, code=storage_error, message="Try again", n=1
    GET /integrations: status 502, body="<h1>Bad gateway</h1>", header="Content-Type: text/html", times=2
    POST /*: status 429, header="Retry-After: 5", every=3
    GET /automations: delay 0.01
    PATCH /automations/*: delay 0.01 after
    GET /scheduled-reports: truncate 20, n=1
    GET /automations: truncate 20 quietly, n=1
    POST /scheduled-reports: hide 2
    GET /scheduled-reports: shift add, n=1
    GET /automations: shift remove, page=2, n=1
    * /*: normalise lower
    GET /*: normalise lower shown
    * /*: rate 20/60, retry=date
    * /*: worker "Release alerts", message="401 from the endpoint", times=1

PATH is written without `/v4`. `*` is any method; in a path it is any characters, slashes included. Commas divide the
parts; between a word and its value a space and `=` mean the same; quotes, double or single, hold what has these in it.

What happens, one a rule:

    status CODE [before|after]         that answer instead of the work (before), or when the work is done (after)
                                       code=, message= of the envelope; body= other text than one; header="Name: value"
    drop before|after                  the connection breaks without an answer: nothing was done, or all of it
    delay SECONDS [before|after]       time passes before the work, or between it and its answer
    truncate BYTES [quietly]           the body ends there and the connection breaks; quietly: as if that were all of it
    hide READINGS                      what a POST creates stays out of that many readings, of its list (all pages are
                                       one) and of itself (404), each for itself
    shift add|remove                   between a page and the next somebody adds an object before all others, or
                                       removes the last one of that page; page=1 is the page before
    normalise WAY [stored|shown]       what is written is stored otherwise than it was sent, or stored as sent and shown
                                       otherwise. WAY is trim, nfc, lower, round (to 0.01), defaults (`delay: 0` in each
                                       map of a list), drop (keys below `data` that no page knows) or sort (lists)
    rate REQUESTS/SECONDS              more than that is a 429; retry=seconds (default), date, none, or any number
    worker INTEGRATION [before|after]  the delivery worker gives up on an active one, by id or title, `*` for all;
                                       message= is its last error

Which of the matching requests, all when left out: `n=3` the third, `every=3` each third, `chance=0.1` one in ten;
`times=2` at most two of them (with n: the n-th and the next). A match where there is nothing to do (no body to cut, no
such integration) does not count as one of the `times`. Several rules may meet at one request, in their order.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator

from reconciler.simulator.effects import Effect
from reconciler.simulator.rules import Rule, RuleError
from reconciler.simulator.vocabulary import CHOOSERS, DETAILS, FORMS, Clause, choice

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "*")
_TOKEN = re.compile(r"""\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<mark>[,=])|(?P<bare>[^\s,="']+))""")


def parse(text: str) -> Rule:
    """The rule that the text says; RuleError, with the text in front, where it says none."""
    try:
        return _rule(text.strip())
    except RuleError as error:
        raise RuleError(f"{text.strip()!r}: {error}") from None


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
    head, colon, rest = text.partition(":")
    if not colon:
        raise RuleError("expected METHOD PATH: WHAT HAPPENS, like 'GET /*: status 503'")
    method, path = _head(head.split())
    clauses = list(_clauses(rest))
    what = _what(clauses)
    others = [clause for clause in clauses if clause is not what]
    form = FORMS[what.name]
    if form.method not in (method, "*") and method != "*":
        raise RuleError(f"{what.name} can only happen to a {form.method}, not to a {method}")
    values = _sorted_out(what.name, others)
    chosen = {name: given[0] for name, given in values.items() if name in CHOOSERS}
    if chosen and not form.choosable:
        raise RuleError(f"{what.name} counts by itself: {', '.join(chosen)} cannot be with it")
    return Rule(text, method, path, str(what), _effect(what, values), choice(chosen))


def _head(words: list[str]) -> tuple[str, str]:
    if len(words) != 2 or not words[1].startswith("/"):  # noqa: PLR2004  method and path
        raise RuleError("expected a method and a path before the colon, like 'GET /automations' or '* /*'")
    method, path = words
    if method not in METHODS:
        raise RuleError(f"{method} is no method; {_instead(method.upper(), METHODS)}")
    if path == "/v4" or path.startswith("/v4/"):
        raise RuleError(f"paths are written without /v4: {path.removeprefix('/v4') or '/*'}")
    return method, path


def _clauses(text: str) -> Iterator[Clause]:
    words: list[str] = []
    for token in _tokens(text):
        if token["mark"] == ",":
            yield _clause(words)
            words = []
        elif token["mark"]:
            if len(words) != 1:
                raise RuleError("= stands between a word and its value; put quotes around a value that holds one")
        else:
            words.append(next(each for each in token.group("double", "single", "bare") if each is not None))
    yield _clause(words)


def _tokens(text: str) -> Iterator[re.Match[str]]:
    place, text = 0, text.rstrip()
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            raise RuleError(f"a quote is not closed: {text[place:].strip()}")
        yield token
        place = token.end()


def _clause(words: list[str]) -> Clause:
    if not words:
        raise RuleError(f"nothing stands between two commas, or after the colon; {_one_of(FORMS)}")
    return Clause(words[0], tuple(words[1:]))


def _what(clauses: list[Clause]) -> Clause:
    known = (*FORMS, *DETAILS, *CHOOSERS)
    for clause in clauses:
        if clause.name not in known:
            raise RuleError(f"{clause.name!r} is not known; {_instead(clause.name, known)}")
    found = [clause for clause in clauses if clause.name in FORMS]
    if not found:
        raise RuleError(f"it does not say what happens; {_one_of(FORMS)}")
    if len(found) > 1:
        raise RuleError(f"{found[0].name} and {found[1].name} are two faults; write a rule for each")
    return found[0]


def _sorted_out(what: str, clauses: list[Clause]) -> dict[str, list[str]]:
    """Name → values, of the clauses that may be with this fault."""
    values: dict[str, list[str]] = {}
    for clause in clauses:
        usage = {**DETAILS, **CHOOSERS}[clause.name]
        if clause.name in DETAILS and clause.name not in FORMS[what].details:
            owners = [name for name, form in FORMS.items() if clause.name in form.details]
            raise RuleError(f"{clause.name} goes with {' or '.join(owners)}, not with {what}")
        if len(clause.values) != 1:
            raise RuleError(f"{clause}: expected {usage}")
        if clause.name in values and clause.name != "header":
            raise RuleError(f"{clause.name} is there twice")
        values.setdefault(clause.name, []).extend(clause.values)
    return values


def _effect(what: Clause, values: dict[str, list[str]]) -> Effect:
    form = FORMS[what.name]
    try:
        return form.read(what.values, values)
    except RuleError:
        raise
    except (ValueError, LookupError):
        raise RuleError(f"{what}: expected {form.usage}") from None


def _instead(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), 1)
    return f"did you mean {close[0]}?" if close else _one_of(known)


def _one_of(known: Iterable[str]) -> str:
    return f"expected one of {', '.join(known)}"
