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
    * /*: rate 20/60, retry=date
    * /*: worker "Release alerts", message="401 from the endpoint", times=1

PATH is written without `/v4`. `*` is any method; in a path it is any characters, slashes included. Parts are set off by
commas; between a word and its value a space and `=` mean the same; quotes, double or single, hold what has either in it.

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
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

from reconciler.simulator.rules import Choice, Rule, RuleError
from reconciler.simulator.vocabulary import CHOOSERS, DETAILS, FORMS, Clause

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "*")
_TOKEN = re.compile(r"""\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<mark>[,=])|(?P<bare>[^\s,="']+))""")
