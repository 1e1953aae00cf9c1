"""A plan in a file, with a checksum and a seal that binds it to its inputs. It contains no secret."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from reconciler import __version__
from reconciler.errors import Refused, WrongUsage
from reconciler.lazy import frozen
from reconciler.model.inputs import State
from reconciler.model.plan import Plan
from reconciler.model.settings import Environment, name_configuration
from reconciler.serialization import DecodeError, decode, explain, sha256, to_canonical, to_json_text
from reconciler.system import Unreadable, read_regular

FORMAT_VERSION = 3
LARGEST = 500_000_000  # bytes: the file may be another one, so it is not read without end
PLAN_AGAIN = "make a new one with `reconciler plan --out FILE`"


@frozen
class SavedPlan:
    """What the file holds. `project` is a fingerprint of what the state knew, `seal` one of all the rest.

    Both are keyed with the secret key: without it, nobody can make others, or test a guess of their content. The seal
    stays valid after a part is applied, although the state then knows more. `folder` is the configuration's,
    below the repository's top or else in full: it binds a plan that was made without a state. `head` is the
    commit that was checked out, empty if there was none.
    """

    format_version: int
    tool_version: str
    project: str
    lineage: str
    serial: int
    folder: str
    head: str
    plan: Plan
    seal: str = ""


def bind(plan: Plan, state: State, secret: str, folder: str, head: str) -> SavedPlan:
    """A plan with what it was made from."""
    project = _fingerprint(state, secret)
    saved = SavedPlan(FORMAT_VERSION, __version__, project, state.lineage, state.serial, folder, head, plan)
    return replace(saved, seal=_sign(secret, asdict(saved)))


def write_plans(path: Path, saved: Sequence[SavedPlan]) -> None:
    """Writes a file of one plan, or of the plans of several environments. WrongUsage if that fails."""
    documents = [{"checksum": sha256(content), **content} for content in map(asdict, saved)]
    several = {"format_version": FORMAT_VERSION, "tool_version": __version__, "plans": documents}
    try:
        path.write_bytes(_encode(documents[0] if len(documents) == 1 else {"checksum": sha256(several), **several}))
    except OSError as error:
        raise WrongUsage(f"--out {path}: cannot be written: {error.strerror}") from error


def read_plans(path: Path) -> tuple[SavedPlan, ...]:
    """Reads the file. WrongUsage if there is none, Refused if it is not exactly what was written."""
    try:
        written = read_regular(path, LARGEST)
    except (FileNotFoundError, Unreadable) as error:
        why = error if isinstance(error, Unreadable) else f"cannot be read: {error.strerror}"
        raise WrongUsage(f"--plan {path}: {why}", hint="expected a file that `plan --out FILE` wrote") from error
    try:
        document = json.loads(written.decode("utf-8"))
        as_written = _encode(document)
    except (ValueError, RecursionError) as error:
        raise Refused(f"{path} is no saved plan, or was changed: {explain(error)}", hint=PLAN_AGAIN) from error
    if not isinstance(document, dict) or not isinstance(document.get("format_version"), int):
        raise Refused(f"{path} is no saved plan", hint=PLAN_AGAIN)
    # Before the checksum, because another version may compute it otherwise.
    if document["format_version"] != FORMAT_VERSION or document.get("tool_version") != __version__:
        made = f"reconciler {document.get('tool_version')}, format {document['format_version']}"
        raise Refused(f"{path} was made by {made}; this is {__version__}, format {FORMAT_VERSION}", hint=PLAN_AGAIN)
    plans = document.get("plans", [document])
    _without_checksum(document, path)
    # The bytes are compared, too: with another space or line end, the file is not the one that we wrote.
    if written != as_written or not isinstance(plans, list):
        raise Refused(f"{path} was changed after it was written", hint=PLAN_AGAIN)
    try:
        return tuple(decode(SavedPlan, _without_checksum(each, path), "plan") for each in plans)
    except DecodeError as error:
        raise Refused(f"{path} is not understood: {error}", hint=PLAN_AGAIN) from error


def _without_checksum(document: Any, path: Path) -> dict[str, Any]:
    """A document without its checksum. Refused if that is not its own."""
    known = document if isinstance(document, dict) else {}
    content = {name: value for name, value in known.items() if name != "checksum"}
    if known.get("checksum") != sha256(content):
        raise Refused(f"{path} was changed after it was written", hint=PLAN_AGAIN)
    return content


def check_binding(
    saved: SavedPlan, environment: Environment, state: State, secret: str, *, folder: str, api: str
) -> None:
    """Refused if the plan was made for another configuration, environment, API, project or state. A state that an
    earlier apply of this plan has written is accepted."""
    plan = saved.plan
    # The bindings that need no key come first: they say best what is wrong.
    if plan.environment != environment.name:
        raise Refused(f"the plan is for the environment {plan.environment}, not for {environment.name}")
    if plan.configuration != (state.configuration or ""):
        ours, theirs = name_configuration(plan.configuration), name_configuration(state.configuration)
        raise Refused(f"the plan is for {ours}, not for {theirs}", hint=PLAN_AGAIN)
    if plan.api != api:
        raise Refused(f"the plan is for the API at {plan.api}, not for {api}", hint=PLAN_AGAIN)
    if not saved.lineage and saved.folder != folder:
        raise Refused(f"the plan was made in {saved.folder or '.'}, without a state, and not here", hint=PLAN_AGAIN)
    if not hmac.compare_digest(saved.seal.encode(), _sign(secret, asdict(replace(saved, seal=""))).encode()):
        raise Refused("the plan was made with another key: this may be another project", hint=PLAN_AGAIN)
    if state.plan == plan.digest and (not saved.lineage or state.lineage == saved.lineage):
        return
    if (state.lineage, state.serial) != (saved.lineage, saved.serial):
        text = f"the state was written since the plan was made (serial {saved.serial} then, {state.serial} now)"
        text = text if state.serial != saved.serial else "this is not the state that the plan was made from"
        raise Refused(text, hint=PLAN_AGAIN)
    if not hmac.compare_digest(saved.project.encode(), _fingerprint(state, secret).encode()):
        raise Refused("the state knows other objects than it did when the plan was made", hint=PLAN_AGAIN)


def _fingerprint(state: State, secret: str) -> str:
    return _sign(secret, [state.environment, state.lineage, sorted(entry.id for entry in state.entries.values())])


def _sign(secret: str, content: Any) -> str:
    return "hmac-sha256:" + hmac.new(secret.encode(), to_canonical(content).encode(), hashlib.sha256).hexdigest()


def _encode(document: Any) -> bytes:
    return (to_json_text(document, indented=True) + "\n").encode()
