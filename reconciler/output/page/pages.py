"""The plans of several environments, or what became of them, as one HTML file with a switch: each as its own page."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from reconciler import __version__
from reconciler.errors import ConfigurationInvalid, ReconcilerError
from reconciler.model.approval import digests, joint_digest
from reconciler.model.plan import DESTROYS
from reconciler.model.reports import Applied, ApplyReport, Ended, Review
from reconciler.output.labels import title
from reconciler.output.page import page_html, read_part
from reconciler.output.page.page import View, card_keys, page
from reconciler.text import counted

LINKS = re.compile(r'(?<= )(?:id|aria-labelledby|href)="#?')
"""What names a part of a page, or leads to one. In a value, the quotes would be escaped; `href='` leads to another."""
PICTURE = re.compile(r'<section class="picture".*?</section>', re.DOTALL)
SAME_PICTURE = """<section class="picture" data-as="{name}/h-graph">
<a href='#{name}/h-graph'>What refers to what, as in {name}</a></section>"""
Names = tuple[str, ...]


def pages(ended: Sequence[Ended[Review]] | Sequence[Ended[Applied]]) -> str:
    """The page. Without the script, the links of the switch work all the same."""
    told: dict[str, dict[str, View]] = defaultdict(dict)
    blocks, pictures = [], dict[str, str]()
    for number, (names, groups) in enumerate(_find_shared(ended).items()):
        blocks.append({"names": names, "changes": sum(map(len, groups)), "body": _common(ended, number, names, groups)})
        for name in names:
            said = f"the same in {len(names)} environments"
            told[name] |= {each[0]: {"where": f"~{number}/{each[0]}", "said": said} for each in groups}
    views = [_view(each, told[each.environment], pictures) for each in ended]
    is_applied = any(isinstance(each.value, Applied) for each in ended)
    plans = [each.map(lambda value: value if isinstance(value, Review) else value.review) for each in ended]
    return page_html(
        "pages.html",
        read_part("page.css") + read_part("pages.css"),
        read_part("pages.js") + read_part("page.js") + "}\n",
        noun="Apply" if is_applied else "Plan",
        views=views,
        blocks=blocks,
        counted=counted,
        digest="" if is_applied else joint_digest(digests(plans)),
        version=__version__,
    )


def _split(value: Any) -> tuple[Review, ApplyReport | None]:
    return (value.review, value.report) if isinstance(value, Applied) else (value, None)


def _find_shared(ended: Sequence[Ended[Any]]) -> dict[Names, list[tuple[str, ...]]]:
    """The environments that show changes alike, and the addresses of each group of these."""
    found: dict[tuple[tuple[str, ...], str], list[str]] = defaultdict(list)
    for each in ended:
        for key in card_keys(*_split(each.value)) if each.value else ():
            found[key].append(each.environment)
    shared: dict[Names, list[tuple[str, ...]]] = defaultdict(list)
    for (addresses, _), names in found.items():
        if len(names) > 1:
            shared[tuple(names)].append(addresses)
    return shared


def _common(ended: Sequence[Ended[Any]], number: int, names: Names, groups: Sequence[tuple[str, ...]]) -> Markup:
    """The cards of changes that several environments share."""
    value = next(each.value for each in ended if each.environment == names[0])
    whole = page(*_split(value), only={addresses[0] for addresses in groups})
    body = whole[whole.index('<div class="list">') : whole.index("</div>\n</div>\n</section>") + len("</div>")]
    return Markup(LINKS.sub(lambda found: f"{found[0]}~{number}/", body))  # noqa: S704 - our own page


def _view(ended: Ended[Any], shared: Mapping[str, View], pictures: dict[str, str]) -> View:
    """An environment: `said` in a line, and its `body`; or what is `told` of it if there is no plan. `pictures`: the
    environment that shows a picture."""
    value, name = ended.value, ended.environment
    if value is None:
        said = "left out" if ended.left_out else "failed"
        told = [ended.left_out] if ended.error is None else _told(ended.error)
        return {"name": name, "said": said, "grave": not ended.left_out, "body": "", "told": told}
    review, report = _split(value)
    whole = page(review, report, shared)
    body = whole[whole.index('<header class="top">') : whole.index("</main>") + len("</main>")]
    counts = f"{counted(len(report.outcomes), 'change')} applied" if report else title(review.plan)
    grave = bool(ended.error or review.plan.refusals) or any(each.action in DESTROYS for each in review.plan.changes)
    if picture := PICTURE.search(body):
        first = pictures.setdefault(picture[0], name)
        body = body if first == name else body.replace(picture[0], SAME_PICTURE.format(name=first))
    own = LINKS.sub(lambda found: f"{found[0]}{name}/", body)
    return {"name": name, "said": counts, "grave": grave, "body": Markup(own), "told": []}  # noqa: S704 - our own page


def _told(error: ReconcilerError) -> list[str]:
    if isinstance(error, ConfigurationInvalid):
        return list(map(str, error.problems))
    return [*str(error).split("\n"), *([error.hint] if error.hint else [])]
