"""Plans, or what became of them, as one HTML file, and the graph as SVG: the templates of both escape every value.

With several environments, the page has links to the part of each.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from reconciler import __version__
from reconciler.errors import ConfigurationInvalid
from reconciler.model.approval import collect_digests, join_digests
from reconciler.model.plan import DESTROYS
from reconciler.model.reports import Applied, Ended, Graph, only_value
from reconciler.output.environments import find_shared
from reconciler.output.labels import WEIGHTS, count_changes
from reconciler.output.page.page import View, collect_page_values
from reconciler.output.terminal import escape
from reconciler.text import counted, truncate


def render_pages(ended: Sequence[Ended[Any]]) -> str:
    """The page of reviews, or of what was applied. The links between environments work without the script, too."""
    style, script = read_part("page.css"), read_part("page.js")
    is_applied = any(isinstance(each.value, Applied) for each in ended)
    every = [each.map(lambda value: value if isinstance(value, Applied) else Applied(value)) for each in ended]
    if (only := only_value(every)) is not None:
        return _render_page("page.html", style, script, **collect_page_values(only))
    views = {each.environment: collect_page_values(each.value) for each in every if each.value}
    blocks = _share_cards(views)
    firsts: dict[Graph, str] = {}
    for name, view in views.items():
        first = firsts.setdefault(view["graph"], name)
        view |= {"prefix": f"{name}/", "same_picture": first if first != name else ""}
    plans = [each.map(lambda value: value.review) for each in every]
    return _render_page(
        "pages.html",
        style + read_part("pages.css"),
        read_part("pages.js") + script + "}\n",
        noun="Apply" if is_applied else "Plan",
        views=[_make_view(each, views.get(each.environment)) for each in ended],
        blocks=blocks,
        digest="" if is_applied else join_digests(collect_digests(plans)),
    )


def _share_cards(views: dict[str, View]) -> list[tuple[tuple[str, ...], int, str]]:
    """Marks the cards that are the same in several environments, apart from ids. Returns for each set of environments
    their names, the number of changes, and the cards."""

    def without_ids(card: View) -> View:
        return card | {"id": "", "request_ids": (), "members": [each | {"id": ""} for each in card["members"]]}

    whole = {name: [card for card in view["cards"] if not card["brief"]] for name, view in views.items()}
    cards = {name: {repr(without_ids(card)): card for card in found} for name, found in whole.items()}
    blocks = []
    for names, keys in find_shared(cards, key=str).items():
        shared = [without_ids(cards[names[0]][key]) for key in keys]
        for card in (cards[name][key] for name in names for key in keys):
            card["same"] = names
        count = sum(len(card["members"]) or 1 for card in shared)
        blocks.append((names, count, render("cards.html", prefix=f"~{names[0]}/", chunk=shared)))
    return blocks


def _make_view(ended: Ended[Any], values: View | None) -> View:
    """An environment: `summary` in a line, and its `body`, or `messages` if there is no plan."""
    name, error = ended.environment, ended.error
    if values is None:
        messages = [ended.left_out] if error is None else [*str(error).split("\n"), *filter(None, [error.hint])]
        if isinstance(error, ConfigurationInvalid):
            messages = list(map(str, error.problems))
        summary = "left out" if ended.left_out else "failed"
        return {"name": name, "summary": summary, "grave": not ended.left_out, "body": "", "messages": messages}
    plan, report = values["plan"], values["report"]
    summary = f"{counted(len(report.outcomes), 'change')} applied" if report else count_changes(plan)
    grave = bool(error or plan.refusals) or any(each.action in DESTROYS for each in plan.changes)
    return {"name": name, "summary": summary, "grave": grave, "body": render("plan.html", **values), "messages": []}


def _render_page(template: str, style: str, script: str, **values: Any) -> str:
    """A page of a template, with these values in it. Each is escaped, and what hides or turns the writing is shown as
    an escape.

    The page's content security policy allows its own style sheet and its own script, by their hashes, and nothing else.
    So no attribute, address or script works that came with a name.
    """
    style_hash, script_hash = (
        "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)
    )
    policy = (
        f"default-src 'none'; style-src '{style_hash}'; script-src '{script_hash}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return render(template, **values, style=style, script=script, policy=policy)


def render(template: str, *, prefix: str = "", **values: Any) -> str:
    """What a template beside this file makes of the values. `prefix`: stands before the ids of an environment's part of
    a page, and before the links to them."""
    return _load_templates().get_template(template).render(values, prefix=prefix)


@cache
def _load_templates() -> Environment:
    templates = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Without control characters; Jinja2 escapes the markup in it after this.
        finalize=lambda value: value if isinstance(value, Markup) else escape("" if value is None else str(value)),
        loader=FunctionLoader(read_part),
    )
    marks = {weight.value: label.sign for weight, label in WEIGHTS.items()}
    templates.globals |= {"counted": counted, "escape": escape, "truncate": truncate}
    templates.globals |= {"version": __version__, "marks": marks}
    return templates


def read_part(name: str) -> str:
    """A file beside this one."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
