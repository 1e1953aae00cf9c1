"""Projects whose plans are worth a picture: each is set up through the command line against the simulator."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import httpx

from reconciler.cli.main import run
from reconciler.simulator import Simulator
from reconciler.simulator.server import Server

KEY = "sk_pictures"
BEFORE = """
integrations:
  release-alerts: {title: Release alerts, integration: slack, target_platform: iOS, status: active}
  warehouse: {title: Warehouse, integration: amazon_s3, target_platform: iOS, status: active}
  refund-desk: {title: Refund desk, integration: webhooks, target_platform: iOS, status: active}
reports:
  daily-revenue:
    {report_name: Daily Revenue, send_at: "09:00", included_range_days: 1, status: active, environment: production,
     destinations: [{integration: release-alerts}, {integration: warehouse}]}
  weekly-churn:
    {report_name: Weekly Churn, send_at: "07:30", included_range_days: 7, status: active, environment: production,
     destinations: [{integration: warehouse}]}
  trial-starts:
    {report_name: Trial Starts, send_at: "12:00", included_range_days: 1, status: draft, environment: production,
     destinations: [{integration: warehouse}]}
  refunds:
    {report_name: Refunds, send_at: "06:00", included_range_days: 3, status: active, environment: production,
     destinations: [{integration: refund-desk}]}
automations:
  welcome-flow:
    name: Welcome Flow
    caption: Sends a welcome message to new users on their first day with the app
    status: active
    data: {platform: iOS, initiators: [{uid: "2", type: event}], actions: {push: nCRUE7SW}}
"""
AFTER = """
integrations:
  release-alerts: {title: Release alerts, integration: slack, target_platform: iOS, status: active}
  warehouse: {title: Warehouse EU, integration: amazon_s3, target_platform: iOS, status: active}
  refund-desk: {title: Refund desk, integration: slack, target_platform: iOS, status: active,
                lifecycle: {replace: allow}}
  growth-team: {title: Growth team, integration: webhooks, target_platform: iOS, status: active}
reports:
  daily-revenue:
    {report_name: Daily Revenue, send_at: "10:30", included_range_days: 3, status: active, environment: production,
     destinations: [{integration: release-alerts}, {integration: growth-team}]}
  trial-starts:
    {report_name: Trial Starts, send_at: "12:00", included_range_days: 1, status: active, environment: production,
     destinations: [{integration: warehouse}]}
  refunds:
    {report_name: Refunds, send_at: "06:00", included_range_days: 3, status: active, environment: production,
     destinations: [{integration: refund-desk}]}
automations:
  welcome-flow:
    name: Welcome Flow
    caption: Sends a welcome message to new users on their second day with the app
    status: active
    data: {platform: iOS, initiators: [{uid: "2", type: event}, {uid: "7", type: event}], actions: {push: nCRUE7SW}}
  win-back:
    name: Win Back
    caption: ""
    status: inactive
    data: {platform: Android, initiators: [{uid: "2", type: event}], actions: {push: nCRUE7SW}}
"""


@dataclass(frozen=True)
class Project:
    """A folder of YAML and the address of the simulator behind it."""

    folder: Path
    url: str
    every: list[str] = field(default_factory=list)
    """What each plan and apply is told of the environments."""

    def write(self, text: str) -> None:
        """The whole configuration."""
        (self.folder / "reconciler.yaml").write_text("environments: {production: {}}\n", encoding="utf-8")
        (self.folder / "main.yaml").write_text(text, encoding="utf-8")

    def command(self, *arguments: str) -> str:
        """A command that must go well; gives its stdout."""
        out, err = StringIO(), StringIO()
        with chdir(self.folder), redirect_stdout(out), redirect_stderr(err):
            code = run(arguments)
        if code:
            raise SystemExit(f"reconciler {' '.join(arguments)} ended with {code}:\n{err.getvalue()}")
        return out.getvalue()

    def dashboard(self, method: str, path: str, **fields: Any) -> Any:
        """What only people can do."""
        base = self.url.removesuffix("/v4")
        headers = {"Authorization": f"Bearer {KEY}"}
        answer = httpx.request(method, f"{base}/_dashboard/{path}", json=fields, headers=headers, trust_env=False)
        return answer.raise_for_status().json()

    def id_of(self, address: str) -> str:
        """The id that the state remembers of an address."""
        state = json.loads((self.folder / ".reconciler" / "production.json").read_text(encoding="utf-8"))
        return str(state["resources"][address]["id"])


@contextmanager
def project(path: Path) -> Iterator[Project]:
    """An empty project below `path`; the key and the address are in the process's environment meanwhile."""
    folder = path / "configuration"
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        opened = cache(lambda name: stack.enter_context(Simulator(path / f"{name}.db")))

        def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            """Below `/at-NAME`, there is a simulator of its own."""
            name, _, rest = environ["PATH_INFO"].removeprefix("/at-").partition("/")
            is_own = environ["PATH_INFO"].startswith("/at-")
            with mutex:
                simulator = opened(name if is_own else "simulator")
            return simulator(environ | {"PATH_INFO": f"/{rest}"} if is_own else environ, start_response)

        mutex, server = threading.Lock(), stack.enter_context(Server(answer, port=0, threads=8))
        thread = threading.Thread(target=server.run)
        thread.start()
        known = dict(os.environ)
        os.environ |= {"QONVERSION_SECRET": KEY, "QONVERSION_API_URL": server.url}
        try:
            yield Project(folder, server.url)
        finally:
            os.environ.clear()
            os.environ.update(known)
            server.close()
            thread.join()


def small(made: Project) -> None:
    """Every action and cause at once, in a project of the size that most have."""
    made.write(BEFORE)
    made.command("apply", "--auto-approve")
    made.dashboard("PATCH", f"scheduled-reports/{made.id_of('report.trial-starts')}", send_at="15:00")
    made.dashboard(
        "POST", "integrations", title="Support desk", integration="webhooks", target_platform="iOS", active=1
    )
    made.write(AFTER)


def large(made: Project) -> None:
    """A plan of 500 changes."""
    made.write(_many(reports=220, send_at="09:00", prefix=""))
    made.command("apply", "--auto-approve", "--parallelism", "16")
    made.write(_many(reports=480, send_at="10:00", prefix=" daily", left_out=20))


def rollout(made: Project) -> None:
    """The first plan of a project: 232 creates."""
    made.write(_many(reports=212, send_at="09:00", prefix=""))


def huge(made: Project) -> None:
    """A plan of 2,000 changes: most are alike, some are not."""
    made.write(_many(reports=1980, send_at="09:00", prefix=""))
    made.command("apply", "--auto-approve", "--parallelism", "16")
    made.write(_many(reports=2000, send_at="10:00", prefix=" daily", left_out=40))


def fleet(made: Project) -> None:
    """The same 20 changes in each of 50 environments, and one more in some of them."""
    names = [f"{app}-{office}" for app in ("chess", "go", "shogi", "draughts", "bridge") for office in range(10)]
    lines = [
        f'  {name}: {{api_url: "{made.url.replace("/v4", f"/at-{name}/v4")}", '
        f'variables: {{cap: "{"x" * (index % 5 == 4)}"}}}}'
        for index, name in enumerate(names)
    ]
    del os.environ["QONVERSION_API_URL"]
    made.every.append("--all")
    made.write(_alike("09:00", "a"))
    (made.folder / "reconciler.yaml").write_text("\n".join(["environments:", *lines]), encoding="utf-8")
    made.command("apply", "--all", "--auto-approve")
    made.write(_alike("10:30", "b${var.cap}"))
    (made.folder / "reconciler.yaml").write_text("\n".join(["environments:", *lines]), encoding="utf-8")


def _alike(send_at: str, text: str) -> str:
    """A dozen reports at a time of day, and eight automations with a text of their own."""
    rest = "included_range_days: 1, status: active, environment: production, destinations: [{integration: hook}]"
    reports = [
        f"  country-{number:02d}: {{report_name: Country {number:02d}, send_at: '{send_at}', {rest}}}"
        for number in range(12)
    ]
    flows = [
        f"  nudge-{number}: {{name: Nudge {number}, caption: 'Day {number}: {text if number == 7 else text[0]}', "
        f"status: active, data: {{platform: iOS, initiators: [{{uid: '2', type: event}}], actions: {{push: p}}}}}}"
        for number in range(8)
    ]
    hook = "  hook: {title: Hook, integration: webhooks, target_platform: iOS, status: active}"
    return "\n".join(["integrations:", hook, "reports:", *reports, "automations:", *flows])


def _many(*, reports: int, send_at: str, prefix: str, left_out: int = 0) -> str:
    targets = [f"team-{number:02d}" for number in range(20)]
    lines = ["integrations:"]
    lines += [
        f"  {target}: {{title: {target.title()}, integration: webhooks, target_platform: iOS, status: active}}"
        for target in targets
    ]
    lines.append("reports:")
    lines += [
        f"  country-{number:03d}: {{report_name: Country {number:03d}, send_at: '{send_at}', included_range_days: 1, "
        f"status: active, environment: production, destinations: [{{integration: {targets[number % 20]}}}]}}"
        for number in range(left_out, reports)
    ]
    if prefix:
        lines.append("automations:")
        lines += [
            f"  nudge-{number:02d}: {{name: Nudge{prefix} {number:02d}, caption: '', status: active, "
            f"data: {{platform: iOS, initiators: [{{uid: '2', type: event}}], actions: {{push: p{number}}}}}}}"
            for number in range(20)
        ]
    return "\n".join(lines)


SCENES: dict[str, Callable[[Project], None]] = {
    "small": small,
    "rollout": rollout,
    "large": large,
    "huge": huge,
    "fleet": fleet,
}
