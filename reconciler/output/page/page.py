"""Plans, or what became of them, as one HTML file, which is readable without its script. With several environments, it
has links to the part of each.

A group of changes is a card. Of very many groups, the later ones are a line each, so that the page opens fast. A card,
a field, an ending and a facet are maps: only the template reads them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from reconciler.errors import ConfigurationInvalid
from reconciler.model.approval import collect_digests, join_digests
from reconciler.model.plan import DESTROYS, Action, Cause, Change, FieldChange
from reconciler.model.reports import Applied, Ended, Graph, Outcome, Review, Scope, Weight, get_only_value
from reconciler.output import groups as grouping
from reconciler.output import labels
from reconciler.output.document import select
from reconciler.output.environments import find_shared
from reconciler.output.graph import SMALL, draw_picture, list_states
from reconciler.output.groups import Group, count_kinds, find_groups
from reconciler.output.labels import ACTIONS, CAUSES, GRAVE, STATUSES, WEIGHTS, describe_end, format_place
from reconciler.output.page import read_part, render, render_page
from reconciler.output.references import make_graph
from reconciler.output.values import Line, ValueDiff, describe_ignored, describe_waiting, encode, is_nested
from reconciler.text import format_count, truncate

SHORT = 160  # characters of a value that stands on one line
LONGEST_LINE = 2000  # characters of a line of a value; a longer one is cut and says so
LINES = 200  # lines of a value; what is longer is cut and says so
LIMIT = 600_000  # characters of fields in a page; changes after that are shown without their fields
CARDS = 300  # groups that are shown whole; those after them have a line each, and what they do to people
LISTED = 2_000  # groups that are listed at all: a page of more opens slowly, and nobody reads it
FIELDS = 60  # fields of one change
FEW_FIELDS = 10  # of one change, which is then unfolded
FEW_CHANGES = 40  # of a plan, whose creates and deletes are then unfolded, too
LONGEST = 600  # characters of a sentence
# A minus as wide as a plus.
SIGNS = {action.value: label.sign.replace("-", "\N{MINUS SIGN}") for action, label in ACTIONS.items()}
View = dict[str, Any]
Outcomes = Mapping[str, Outcome]  # address → how its change ended
FIRST = 8  # impacts that stand at the top, the gravest first
NAMED = 3  # addresses that an impact at the top names


def render_pages(ended: Sequence[Ended[Any]]) -> str:
    """The page of reviews, or of what was applied. The links between environments work without the script, too."""
    style, script = read_part("page.css"), read_part("page.js")
    is_applied = any(isinstance(each.value, Applied) for each in ended)
    every = [each.map(lambda value: value if isinstance(value, Applied) else Applied(value)) for each in ended]
    if (only := get_only_value(every)) is not None:
        return render_page("page.html", style, script, **_collect_values(only))
    views = {each.environment: _collect_values(each.value) for each in every if each.value}
    blocks = _share_cards(views)
    firsts: dict[Graph, str] = {}
    for name, view in views.items():
        first = firsts.setdefault(view["graph"], name)
        view |= {"prefix": f"{name}/", "same_picture": first if first != name else ""}
    plans = [each.map(lambda value: value.review) for each in every]
    return render_page(
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
    summary = f"{format_count(len(report.outcomes), 'change')} applied" if report else labels.count_changes(plan)
    grave = bool(error or plan.refusals) or any(each.action in DESTROYS for each in plan.changes)
    return {"name": name, "summary": summary, "grave": grave, "body": render("plan.html", **values), "messages": []}


def _collect_values(applied: Applied) -> View:
    """The values of plan.html for a plan; with a report, each change has its ending, and the receipt is shown."""
    review, report, plan = applied.review, applied.report, applied.review.plan
    groups = find_groups(review)
    listed = groups[:LISTED]
    outcomes = {outcome.address: outcome for outcome in report.outcomes} if report else {}
    # The numbers below the headline: the style and the sign of each, the number, and what it is of.
    if report:
        headline = f"Applied: {labels.count_ends(report)}"
        counts = {status: number for status, number in report.counts().items() if number}
        tiles = [(f"ended-{each}", STATUSES[each].sign, number, str(each)) for each, number in counts.items()]
    else:
        text, summary = labels.count_changes(plan), plan.summary()
        headline = text[:1].upper() + text[1:]
        planned = ((each, label) for each, label in ACTIONS.items() if summary[each])
        tiles = [(str(each), SIGNS[each], summary[each], label.phrase) for each, label in planned]
    graph = make_graph(plan, review.desired, review.live)
    return {
        "noun": "Apply" if report else "Plan",
        "title": headline,
        # A number stays with its words where the line breaks.
        "headline": ", ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in headline.split(", ")),
        "applied_at": datetime.fromisoformat(report.receipt.at) if report and report.receipt else None,
        "plan": plan,
        "review": review,
        "api": labels.name_api(plan.api),
        "at": review.at.astimezone(UTC) if review.at else None,
        "tiles": tiles,
        "report": report,
        "grave": _find_gravest(groups),
        "tasks": grouping.group_tasks(review),
        "warnings": (*map(describe_waiting, plan.waiting), *plan.warnings, *(report.warnings if report else ())),
        "cards": list(_list_cards(listed, outcomes)),
        "new": [(group.title, list(group.list_sentences())) for group in grouping.group_new_by_kind(groups)],
        "facets": list(_list_facets(review, listed, outcomes)),
        "folded": list(_list_left_out(groups)),
        "ignored": describe_ignored(plan.ignored, plan.labels),
        "graph": graph,
        "picture": draw_picture(graph, is_linked=True),
        "picture_open": len(graph.nodes) <= SMALL,
        "same_picture": "",
        "legend": [(word, SIGNS.get(word, "")) for word in list_states(graph)],
    }


def _find_gravest(groups: Sequence[Group]) -> list[tuple[str, str, list[str], int]]:
    """The grave impacts, the gravest first, then in the order of the page; an impact of many changes is one. Each has
    its weight and text, some of the addresses, and how many more there are."""
    found: dict[tuple[Weight, str], list[str]] = defaultdict(list)
    for group in groups:
        for weight, text in group.list_sentences():
            if weight in GRAVE:
                found[weight, truncate(text, LONGEST)] += group.addresses
    if len(found) > FIRST:
        # One sentence for each weight that has many: `40 reports stop`.
        texts = Counter(weight for weight, _ in found)
        short: dict[tuple[Weight, str], list[str]] = defaultdict(list)
        for (weight, text), addresses in found.items():
            short[weight, text if texts[weight] <= NAMED else ""] += addresses
        found = {
            (weight, text or f"{count_kinds(addresses)} {WEIGHTS[weight].phrase}"): addresses
            for (weight, text), addresses in short.items()
        }
    graves = [(*sentence, addresses[:NAMED], len(addresses) - NAMED) for sentence, addresses in found.items()]
    return sorted(graves, key=lambda grave: GRAVE.index(Weight(grave[0])))


def _list_left_out(groups: Sequence[Group]) -> Iterator[str]:
    """What this page leaves out of the changes, in sentences."""
    if len(groups) > CARDS:
        brief = min(LISTED, len(groups)) - CARDS
        yield f"The first {CARDS} entries are shown whole; {brief:,} more have a line each."
    if counts := Counter(change.action for group in groups[LISTED:] for change in group.changes):
        words = ", ".join(f"{counts[action]:,} {label.phrase}" for action, label in ACTIONS.items() if counts[action])
        yield f"{counts.total():,} more are not in this page: {words}."


def _list_facets(review: Review, groups: Iterable[Group], outcomes: Outcomes) -> Iterator[View]:
    """The filters of the page, by the names of its `data-` attributes. A choice is a value, its name for people, its
    sign, and how many changes have it. A filter with one choice for one change is left out."""
    changes = [change for group in groups for change in group.changes]
    ends = (outcomes[change.address].status.value for change in changes if change.address in outcomes)
    kinds = Counter(change.kind for change in changes)
    causes = (cause for change in changes for cause in _list_causes(change))
    scopes = (str(scope) for change in changes if (scope := review.find_scope(change.address)))
    actions = (str(change.action) for change in changes)
    every = (
        ("ending", "Outcome", Counter(ends), [(each, each, label.sign) for each, label in STATUSES.items()]),
        ("action", "Action", Counter(actions), [(each, each, SIGNS[each]) for each in ACTIONS]),
        ("kind", "Kind", kinds, [(each, each, "") for each in sorted(kinds)]),
        ("causes", "Cause", Counter(causes), [(each, label.word, "") for each, label in CAUSES.items()]),
        ("scope", "Scope", Counter(scopes), [(each, each, "") for each in Scope]),
    )
    for name, heading, counts, choices in every:
        present = [(value, word, sign, counts[value]) for value, word, sign in choices if counts[value]]
        if present and len(changes) > 1:
            yield {"name": name, "title": heading, "choices": present}


def _list_cards(groups: Iterable[Group], outcomes: Outcomes) -> Iterator[View]:
    """A card for each group. After the first `CARDS`, a card is one line."""
    remaining = LIMIT
    for number, group in enumerate(groups):
        every = grouping.list_shown_fields(group.review, group.first)
        is_whole = number < CARDS
        shown = every[:FIELDS] if is_whole and remaining > 0 else ()
        fields = [_make_field(group.first, each, group.review.plan.labels) for each in shown]
        for field in fields:
            lines = (line.text for line in field["lines"])
            remaining -= sum(len(text or "") + 40 for text in (field["path"], field["before"], field["after"], *lines))
        more = ""
        if len(fields) < len(every):
            more = f"{len(every) - len(fields)} more fields are not in this page; --format json has them"
        card = _make_card(group, outcomes) | {"fields": fields, "more": more}
        if not is_whole and not card["members"]:
            # One line: where it is, and what is grave about it.
            grave = [each for each in card["sentences"] if each[0] in GRAVE]
            card |= {"brief": True, "id": "", "needs": (), "sentences": grave, "more": ""}
        yield card


def _make_card(group: Group, outcomes: Outcomes) -> View:
    """One change, or several that are alike: these have a `title` and `members`, and no address. `filters`: attribute →
    the values to filter by. `unfolded`: whether its fields are open. `same`: the environments that have it, too."""
    review, change, is_alone = group.review, group.first, len(group.changes) == 1
    place, outcome = review.find_place(change.address), outcomes.get(change.address) if is_alone else None
    scopes = [scope.value for scope in group.count_scopes() if scope]
    is_short = len(change.fields) <= FEW_FIELDS and len(review.plan.changes) <= FEW_CHANGES
    return {
        "address": change.address if is_alone else "",
        "title": "" if is_alone else group.title,
        "action": change.action,
        "sign": SIGNS[change.action],
        "name": "" if change.action is Action.FORGET else change.name,
        "id": change.id or "",
        "place": (format_place(place) if place else "") if is_alone else group.describe_places(),
        "scope": ", ".join(scopes),
        "filters": {
            "action": change.action,
            "kind": "|".join(dict.fromkeys(each.kind for each in group.changes)),
            "causes": "|".join(_list_causes(change)),
            "scope": "|".join(scopes),
            "ending": "|".join(dict.fromkeys(outcomes[each].status for each in group.addresses if each in outcomes)),
        },
        "sentences": [(weight or "", truncate(text, LONGEST)) for weight, text in group.list_sentences()],
        "needs": change.depends_on if is_alone else (),
        "unfolded": is_short or change.action not in (Action.CREATE, Action.DELETE),
        "ending": _describe_ending(outcome),
        "request_ids": outcome.request_ids if outcome else (),
        "brief": False,
        "same": (),
        "members": [
            select(each, "address", "name", "id") | {"ending": _describe_ending(outcomes.get(each.address))}
            for each in (() if is_alone else group.changes)
        ],
    }


def _make_field(change: Change, field: FieldChange, labels: Mapping[str, str]) -> View:
    """One field: `before` and `after` if both are short (None: there is nothing), else `lines`. `labels`: id → what
    people call it."""
    is_whole = change.action in (Action.CREATE, Action.DELETE)
    note = ", ".join(filter(None, (field.rule, "" if is_whole else CAUSES[field.cause].note)))
    cause = field.cause if note or field.cause is not Cause.CONFIG else ""
    before, after = (None if value is None else encode(value) for value in (field.before, field.after))
    lines: list[Line] = []
    is_long = any(side and len(side) > SHORT for side in (before, after))
    if is_long or is_nested(field.before or None, field.after or None):
        before, after, lines = None, None, list(ValueDiff(labels, LONGEST_LINE).compare(field.before, field.after))
    left = len(lines) - LINES
    more = f"{left} more lines are not in this page; --format json has them" if left > 0 else ""
    shown = {"before": before, "after": after, "lines": lines[:LINES], "more": more}
    return {"path": field.path, "cause": cause, "cause_note": note, **shown}


def _list_causes(change: Change) -> dict[str, None]:
    """The causes of its fields, each once."""
    return dict.fromkeys(field.cause.value for field in change.fields)


def _describe_ending(outcome: Outcome | None) -> View | None:
    """How a change ended. `mark` is its sign, `word` what it is filtered by, `reason` why, or what is still open."""
    if outcome is None:
        return None
    sign, reason = STATUSES[outcome.status].sign, describe_end(outcome)
    if outcome.is_doubtful:
        sign, reason = "?", f"done, {reason}"
    elif outcome.verification and not reason:
        reason = "read back and verified"
    return {"mark": sign, "word": outcome.status.value, "reason": truncate(reason, LONGEST)}
