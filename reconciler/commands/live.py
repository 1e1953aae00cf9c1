"""What the small commands do that look at live projects: explain, graph, destinations, compare; and send-test."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from reconciler import commands
from reconciler.api import Reader, Writer
from reconciler.commands.environments import Environments, require_all
from reconciler.commands.plan import plan
from reconciler.commands.session import Session, written_kinds
from reconciler.config.load import Configuration
from reconciler.config.locations import make_line_reader
from reconciler.config.semantics import explain_bad_field
from reconciler.errors import ConfigurationInvalid, IdentityAmbiguous, WrongUsage
from reconciler.explain.explain import explain
from reconciler.explain.rules import ExplainInput
from reconciler.kinds import KINDS
from reconciler.kinds.wire import object_path
from reconciler.model.inputs import Desired, Live, ObjectRef, address_kind
from reconciler.model.plan import Destinations, Plan
from reconciler.model.reports import Graph
from reconciler.model.results import Comparison, Explanation
from reconciler.observe import kind_lookups, observe_remembered, target_kinds, with_parts
from reconciler.output.references import make_graph
from reconciler.plan.build import offers_to
from reconciler.plan.compare import Observed, compare_environments
from reconciler.plan.guards import Options
from reconciler.state.operations import load_state
from reconciler.state.receipts import list_receipts
from reconciler.text import cut, did_you_mean


def explain_address(session: Session, target: str) -> Explanation:
    """Why ADDRESS[.FIELD] is as it is, and what the next apply does about it. WrongUsage where there is no such."""
    planned, line, receipts = plan(session, Options()), make_line_reader(), list_receipts(session.store)
    made, desired, now = planned.plan, planned.desired, session.transport.clock()
    given = ExplainInput(made, desired, planned.state, planned.live, receipts, lambda place: line(place).strip(), now)
    explained = explain(target, given)
    if not desired.policies:
        return explained
    policies = commands.policies.explain(session, desired, explained.address)
    return replace(explained, rules=(*explained.rules, *policies))


def configured_graph(path: Path, environment: str | None) -> Graph:
    """The graph of the configuration alone: nothing is planned, and no key is needed."""
    configuration = Configuration(path)
    desired = configuration.desired(configuration.environment(environment))
    return make_graph(Plan(environment="", changes=()), desired, Live({}))


def planned_graph(session: Session) -> Graph:
    """The graph of a plan, which no policy judges."""
    planned = plan(session, Options(judged=False))
    return make_graph(planned.plan, planned.desired, planned.live)


def list_destinations(session: Session) -> Destinations:
    """What the API offers to send to. A configuration that cannot be used is left out, with a warning: who writes the
    first line of it needs to know, too."""
    _, state = load_state(session.store, session.read_state())
    references = [reference for kind in KINDS.values() for _, reference in kind.lists]
    kinds = [kind for kind in KINDS.values() if kind.name in {each.kind for each in references}]
    live = observe_remembered(Reader(session.transport), kinds, state, {each.lookup for each in references})
    warnings = live.warnings
    try:
        items = offers_to(session.configuration.desired(session.environment), state, live)
    except (ConfigurationInvalid, IdentityAmbiguous) as error:
        first = str(error).partition("\n")[0]
        warnings = (*warnings, f"addresses are those of the state, as the configuration cannot be used: {first}")
        items = offers_to(Desired({}), state, live)
    return Destinations(session.environment.name, items, warnings, session.transport.address)


def send_test(session: Session, address: str) -> str:
    """Asks for a trial delivery of one address; gives what the API said."""
    kinds = {kind.name: kind for kind in KINDS.values() if kind.endpoints.test_path}
    desired = session.configuration.desired(session.environment)
    known = [each for each in desired.resources if address_kind(each) in kinds]
    close = did_you_mean(address, known)
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
    path = f"{object_path(kind, object_id)}{kind.endpoints.test_path}"
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
    """What the state of an environment says, and what is live in its project: the kinds that the targets need."""
    _, state = load_state(session.store, session.read_state())
    kinds = target_kinds(targets)
    reader, used = Reader(session.transport), written_kinds(session)
    live = observe_remembered(reader, kinds, state, kind_lookups(kinds), used=used)
    live = with_parts(reader, live, ObjectRef.managed(state.entries))
    return Observed(session.transport.address, state, live)
