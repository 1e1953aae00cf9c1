"""The plans of several environments, or what became of them, as one HTML file with a switch: each as its own page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from reconciler import __version__
from reconciler.errors import ConfigurationInvalid, ReconcilerError
from reconciler.model.approval import digests, joint_digest
from reconciler.model.plan import DESTROYS
from reconciler.model.reports import Applied, Ended, Review
from reconciler.output.labels import title
from reconciler.output.page import page_html, read_part
from reconciler.output.page.page import View, page
from reconciler.text import counted

LINKS = re.compile(r'(?<= )(?:id|aria-labelledby|href)="#?')
"""What names a part of a page, or leads to one. In a value, the quotes would be escaped."""


def pages(ended: Sequence[Ended[Review]] | Sequence[Ended[Applied]]) -> str:
    """The page. Without the script, the links of the switch work all the same."""
    views = [_view(each) for each in ended]
    is_applied = any(isinstance(each.value, Applied) for each in ended)
    plans = [each.map(lambda value: value if isinstance(value, Review) else value.review) for each in ended]
    return page_html(
        "pages.html",
        read_part("page.css") + read_part("pages.css"),
        read_part("pages.js") + read_part("page.js") + "}\n",
        noun="Apply" if is_applied else "Plan",
        views=views,
        digest="" if is_applied else joint_digest(digests(plans)),
        version=__version__,
    )


def _view(ended: Ended[Any]) -> View:
    """An environment: `said` in a line, and its `body`; or what is `told` of it if there is no plan."""
    value, name = ended.value, ended.environment
    if value is None:
        said = "left out" if ended.left_out else "failed"
        told = [ended.left_out] if ended.error is None else _told(ended.error)
        return {"name": name, "said": said, "grave": not ended.left_out, "body": "", "told": told}
    review, report = (value.review, value.report) if isinstance(value, Applied) else (value, None)
    whole = page(review, report)
    body = whole[whole.index('<header class="top">') : whole.index("</main>") + len("</main>")]
    counts = f"{counted(len(report.outcomes), 'change')} applied" if report else title(review.plan)
    grave = bool(ended.error or review.plan.refusals) or any(each.action in DESTROYS for each in review.plan.changes)
    own = LINKS.sub(lambda found: f"{found[0]}{name}/", body)
    return {"name": name, "said": counts, "grave": grave, "body": Markup(own), "told": []}  # noqa: S704 - our own page


def _told(error: ReconcilerError) -> list[str]:
    if isinstance(error, ConfigurationInvalid):
        return list(map(str, error.problems))
    return [*str(error).split("\n"), *([error.hint] if error.hint else [])]
