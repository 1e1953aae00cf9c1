"""The one issue of an environment that says what drifted: opened, kept up to date, closed."""

from __future__ import annotations

from reconciler.forges.body import render_body, same
from reconciler.forges.client import Comment, Forge
from reconciler.model.approval import DRIFT, NO_DRIFT, CommentMarker, mark_in
from reconciler.model.settings import of_configuration

OF_AN_ISSUE = frozenset({DRIFT, NO_DRIFT})


def update_issue(host: Forge, mark: CommentMarker, text: str, run: str) -> str:
    """Makes the text the issue of its environment; gives in words what was done. Where nothing drifted, none is opened,
    and the open one is closed."""
    me = host.me()
    own = _own(host, me, mark)
    closes = mark.command == NO_DRIFT
    body = render_body(text, own, run)
    if not own:
        return "no issue: nothing has drifted" if closes else _open(host, me, mark, body)
    number = own[0].id
    if not closes and same(own[0].body, body):
        return f"the issue #{number} says this already"
    host.edit_issue(number, body, close=closes)
    return f"{'closed' if closes else 'edited'} the issue #{number}"


def _open(host: Forge, me: str, mark: CommentMarker, body: str) -> str:
    """A new issue. A lost answer is looked up before it is sent again, or there were two."""

    def look(may_have_succeeded: bool) -> None:
        if may_have_succeeded and _own(host, me, mark):
            raise _Done

    try:
        host.open_issue(f"Drift in {mark.environment}{of_configuration(mark.configuration)}", body, look)
    except _Done:
        return "opened an issue; the answer was lost, and it was found there"
    return "opened an issue"


def _own(host: Forge, me: str, wanted: CommentMarker) -> list[Comment]:
    """The open issues that we wrote for the configuration and the environment of a mark, the oldest first."""
    return sorted(
        (
            issue
            for issue in host.issues()
            if issue.author == me
            and (mark := mark_in(issue.body)) is not None
            and mark.command in OF_AN_ISSUE
            and mark.is_for(wanted.configuration, wanted.environment)
        ),
        key=lambda issue: issue.id,
    )


class _Done(Exception):
    """What was about to be sent again is done."""
