"""The smaller commands that look at live projects: explain, graph, destinations, compare; and send-test."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from reconciler import commands
from reconciler.api import Reader, Writer
from reconciler.commands.environments import Environments, require_all
from reconciler.commands.plan import plan
from reconciler.commands.session import Session
from reconciler.config.load import Configuration
from reconciler.config.locations import make_line_reader
from reconciler.config.semantics import explain_bad_field
from reconciler.errors import ConfigurationInvalid, IdentityAmbiguous, WrongUsage
from reconciler.kinds import KINDS
from reconciler.kinds.wire import make_object_path
from reconciler.model.addresses import address_kind
from reconciler.model.inputs import Desired, Live, list_managed
from reconciler.model.plan import Destinations, Plan
from reconciler.model.reports import Graph
from reconciler.model.results import Comparison, Explanation
from reconciler.observe import find_kind_lookups, find_target_kinds, observe_remembered, with_parts
from reconciler.output.references import make_graph
from reconciler.plan.build import find_destinations
from reconciler.plan.compare import Observed, compare_environments
from reconciler.plan.guards import Options
from reconciler.review.explain import explain
from reconciler.review.rules import ExplainInput
from reconciler.state.operations import replay_state
from reconciler.state.receipts import list_receipts
from reconciler.text import cut, suggest_close


def explain_address(session: Session, target: str) -> Explanation:
    """Why ADDRESS[.FIELD] is as it is, and what the next apply does about it. WrongUsage if it does not exist."""
    planned, line, receipts = plan(session, Options()), make_line_reader(), list_receipts(session.backend)
    made, desired, now = planned.plan, planned.desired, session.transport.clock()
    given = ExplainInput(made, desired, planned.state, planned.live, receipts, lambda place: line(place).strip(), now)
    explained = explain(target, given)
    if not desired.policies:
        return explained
    policies = commands.policies.explain(session, desired, explained.address)
    return replace(explained, rules=(*explained.rules, *policies))


def graph_configuration(path: Path, environment: str | None) -> Graph:
    """The graph of the configuration alone, without a plan and a key."""
    configuration = Configuration(path)
    desired = configuration.desired(configuration.environment(environment))
    return make_graph(Plan(environment="", changes=()), desired, Live({}))


def graph_plan(session: Session) -> Graph:
    """The graph of a plan, which no policy judges."""
    planned = plan(session, Options(judged=False))
    return make_graph(planned.plan, planned.desired, planned.live)


def list_destinations(session: Session) -> Destinations:
    """The destinations that the API offers. An invalid configuration is only a warning: whoever begins one needs the
    ids."""
    state = replay_state(session.backend, session.read_state()).state
    references = [reference for kind in KINDS.values() for _, reference in kind.lists]
    kinds = [kind for kind in KINDS.values() if kind.name in {each.kind for each in references}]
    live = observe_remembered(Reader(session.transport), kinds, state, {each.lookup for each in references})
    warnings = live.warnings
    try:
        items = find_destinations(session.configuration.desired(session.environment), state, live)
    except (ConfigurationInvalid, IdentityAmbiguous) as error:
        first = str(error).partition("\n")[0]
        warnings = (*warnings, f"addresses are those of the state, as the configuration cannot be used: {first}")
        items = find_destinations(Desired({}), state, live)
    return Destinations(session.environment.name, items, warnings, session.transport.address)


def send_test(session: Session, address: str) -> str:
    """Requests a test delivery of one address; returns the API's message. WrongUsage if the address has none."""
    kinds = {kind.name: kind for kind in KINDS.values() if kind.endpoints.test_path}
    desired = session.configuration.desired(session.environment)
    known = [each for each in desired.resources if address_kind(each) in kinds]
    close = suggest_close(address, known)
    kind = kinds.get(address_kind(address))
    if kind is None:
        raise WrongUsage(f"{address} takes no test; expected the address of a {', '.join(kinds)}{close}")
    object_id = plan(session, Options(to_apply=False)).plan.find_id(address)
    if object_id is None and address in known:
        raise WrongUsage(f"{address} is not live yet", hint="apply it first")
    if object_id is None:
        raise WrongUsage(
            desired.explain_none(address) or f"there is no {address}{close}",
            hint=f"an address is KIND.KEY, for example {kind.name}.daily-revenue",
        )
    path = f"{make_object_path(kind, object_id)}{kind.endpoints.test_path}"
    # Never sent twice: each request that arrives delivers something to people.
    answer = Writer(session.transport).send(kind.endpoints.test, path, idempotent=False, retry=False)
    if not answer.ok:
        raise answer.error(session.transport.secret.source)
    return answer.message() or "accepted"


def compare(
    path: Path, first: str, second: str, targets: Collection[str], ignored: Sequence[str], live: Environments | None
) -> Comparison:
    """What differs between two environments as written; with `live`, which opens both, between their projects.

    `ignored`, FIELD or KIND.FIELD, is left out beside what the settings name. WrongUsage if an environment does not
    exist, or is compared with itself; ConfigurationInvalid with the problems of both.
    """
    configuration, names = Configuration(path), (first, second)
    one, other = map(configuration.environment, names)
    if one == other:
        raise WrongUsage(f"{first} is one environment; expected two, to compare them")
    desired = configuration.check(names)
    for text in ignored:
        if reason := explain_bad_field(text):
            raise WrongUsage(f"--ignore {cut(text)} {reason}")
    ended = live.run(lambda session: observe(session, targets)) if live else []
    require_all(ended)
    observed = [each.value for each in ended if each.value]
    both = (desired[one.name], desired[other.name])
    pair = (observed[0], observed[1]) if observed else None
    return compare_environments(names, both, targets, (*one.ignored, *ignored), pair)


def observe(session: Session, targets: Collection[str]) -> Observed:
    """The state of an environment, and what is live in its project, of the kinds that the targets need."""
    state = replay_state(session.backend, session.read_state()).state
    kinds = find_target_kinds(targets)
    reader, used = Reader(session.transport), session.find_written_kinds()
    live = observe_remembered(reader, kinds, state, find_kind_lookups(kinds), used=used)
    live = with_parts(reader, live, list_managed(state.entries))
    return Observed(session.transport.address, state, live)
