"""The plans of several environments, or what became of them, as one HTML file with a switch: each as its own page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from reconciler import __version__
from reconciler.errors import ConfigurationInvalid, ReconcilerError
from reconciler.model.approval import collect_digests, join_digests
from reconciler.model.plan import DESTROYS
from reconciler.model.reports import Applied, Ended, Review, only_value
from reconciler.output.environments import find_shared
from reconciler.output.labels import title
from reconciler.output.page import page_html, read_part
from reconciler.output.page.page import View, page
from reconciler.text import counted

LINKS = re.compile(r'(?<= )(?:id|aria-labelledby|href)="#?')
"""What names a part of a page, or leads to one. In a value, the quotes would be escaped; `href='` leads elsewhere."""
BODY = re.compile(r'<header class="top">.*?</main>', re.DOTALL)
CARD = re.compile(r'<li class="card (?!brief).*?\n</li>\n', re.DOTALL)
DETAILS = re.compile(r'(?:<ul class="said"|<details|<p class="more"|</li>\n$).*', re.DOTALL)
ID = re.compile(r' id="(.*?)"')
OWN = re.compile(
    r'<span>id .*?</span></span> |<span class="mono muted">.*?</span>| <span class="muted">request .*?</span>'
)
PICTURE = re.compile(r'<section class="picture".*?</section>', re.DOTALL)


def pages(ended: Sequence[Ended[Any]]) -> str:
    """The page of reviews, or of what was applied; without its script, the links of the switch work all the same. A
    single plan has its own page alone."""
    if (only := only_value(ended)) is not None:
        return _page(only)
    bodies = {each.environment: BODY.findall(_page(each.value))[0] for each in ended if each.value}
    shared = find_shared((name, (OWN.sub("", card) for card in CARD.findall(body))) for name, body in bodies.items())
    pictures, names_by_card = dict[str, str](), {card: names for names, cards in shared.items() for card in cards}
    alike = {names: "".join(cards) for names, cards in shared.items()}
    blocks = [(names, len(ID.findall(body)), _with_prefix(body, f"~{names[0]}")) for names, body in alike.items()]
    for name, body in bodies.items():
        first = pictures.setdefault("".join(PICTURE.findall(body)), name)
        link = f"<a href='#{first}/h-graph'>What refers to what, as in {first}</a>"
        same = f'<section class="picture" data-as="{first}/h-graph">{link}</section>'
        short = CARD.sub(lambda found: _in_short(found[0], names_by_card), body)
        bodies[name] = short if first == name else PICTURE.sub(same, short)
    is_applied = any(isinstance(each.value, Applied) for each in ended)
    plans = [each.map(lambda value: value if isinstance(value, Review) else value.review) for each in ended]
    return page_html(
        "pages.html",
        read_part("page.css") + read_part("pages.css"),
        read_part("pages.js") + read_part("page.js") + "}\n",
        noun="Apply" if is_applied else "Plan",
        views=[_view(each, bodies.get(each.environment, "")) for each in ended],
        blocks=blocks,
        counted=counted,
        digest="" if is_applied else join_digests(collect_digests(plans)),
        version=__version__,
    )


def _page(value: Review | Applied) -> str:
    return page(value.review, value.report) if isinstance(value, Applied) else page(value)


def _in_short(card: str, shared: Mapping[str, Sequence[str]]) -> str:
    """A card, or if it is `shared` by environments, its head with a link to it."""
    names, details = shared.get(OWN.sub("", card)), DETAILS.search(card)
    if names is None or details is None:
        return card
    anchors = "".join(f'<span id="{each}"></span>' for each in ID.findall(details[0]))
    where = f"~{names[0]}/{ID.findall(card)[0]}"
    head = card[: details.start()].replace(' class="card ', f' data-as="{where}" class="card brief ', 1)
    link = f"<a href='#{where}'>the same in {len(names)} environments</a>"
    return f'{head}<p class="about told">{anchors}{link}</p>\n</li>\n'


def _with_prefix(body: str, prefix: str) -> Markup:
    return Markup(LINKS.sub(lambda found: f"{found[0]}{prefix}/", body))  # noqa: S704 - our own page


def _view(ended: Ended[Any], body: str) -> View:
    """An environment: `summary` in a line, and its `body`, or `messages` if there is no plan."""
    value, name = ended.value, ended.environment
    if value is None:
        summary = "left out" if ended.left_out else "failed"
        messages = [ended.left_out] if ended.error is None else _error_lines(ended.error)
        return {"name": name, "summary": summary, "grave": not ended.left_out, "body": "", "messages": messages}
    review, report = (value.review, value.report) if isinstance(value, Applied) else (value, None)
    counts = f"{counted(len(report.outcomes), 'change')} applied" if report else title(review.plan)
    grave = bool(ended.error or review.plan.refusals) or any(each.action in DESTROYS for each in review.plan.changes)
    return {"name": name, "summary": counts, "grave": grave, "body": _with_prefix(body, name), "messages": []}


def _error_lines(error: ReconcilerError) -> list[str]:
    if isinstance(error, ConfigurationInvalid):
        return list(map(str, error.problems))
    return [*str(error).split("\n"), *([error.hint] if error.hint else [])]
