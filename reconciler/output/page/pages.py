"""Plans, or what became of them, as one HTML file. With several environments, it has links to the part of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reconciler.errors import ConfigurationInvalid
from reconciler.model.approval import collect_digests, join_digests
from reconciler.model.plan import DESTROYS
from reconciler.model.reports import Applied, Ended, Graph, Review, only_value
from reconciler.output.environments import find_shared
from reconciler.output.labels import count_changes
from reconciler.output.page import read_part, render, render_page
from reconciler.output.page.page import View, collect_page_values
from reconciler.text import counted


def render_pages(ended: Sequence[Ended[Any]]) -> str:
    """The page of reviews, or of what was applied. The links between environments work without the script, too."""
    style, script = read_part("page.css"), read_part("page.js")
    if (only := only_value(ended)) is not None:
        return render_page("page.html", style, script, **_collect_values(only))
    views = {each.environment: _collect_values(each.value) for each in ended if each.value}
    blocks = _share_cards(views)
    firsts: dict[Graph, str] = {}
    for name, view in views.items():
        first = firsts.setdefault(view["graph"], name)
        view |= {"prefix": f"{name}/", "same_picture": first if first != name else ""}
    is_applied = any(isinstance(each.value, Applied) for each in ended)
    plans = [each.map(lambda value: value if isinstance(value, Review) else value.review) for each in ended]
    return render_page(
        "pages.html",
        style + read_part("pages.css"),
        read_part("pages.js") + script + "}\n",
        noun="Apply" if is_applied else "Plan",
        views=[_make_view(each, views.get(each.environment)) for each in ended],
        blocks=blocks,
        digest="" if is_applied else join_digests(collect_digests(plans)),
    )


def _collect_values(value: Review | Applied) -> View:
    return collect_page_values(value.review, value.report) if isinstance(value, Applied) else collect_page_values(value)


def _share_cards(views: dict[str, View]) -> list[tuple[tuple[str, ...], int, str]]:
    """Marks the cards that are the same in several environments, apart from ids. Returns for each set of environments
    their names, the number of changes, and the cards."""
    found: dict[str, dict[str, View]] = {}
    plain: dict[str, View] = {}
    for name, view in views.items():
        for card in view["cards"]:
            alike = card | {"id": "", "request_ids": (), "members": [each | {"id": ""} for each in card["members"]]}
            if not card["brief"]:
                key = repr(alike)
                found.setdefault(name, {})[key] = card
                plain[key] = alike
    blocks = []
    for names, keys in find_shared(found, key=str).items():
        for name in names:
            for key in keys:
                found[name][key]["same"] = names
        cards = [plain[key] for key in keys]
        count = sum(len(card["members"]) or 1 for card in cards)
        blocks.append((names, count, render("cards.html", prefix=f"~{names[0]}/", chunk=cards)))
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
