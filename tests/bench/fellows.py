"""The field's fellows on equal work: as many objects, the same latency, their own way. Each in a venv of its own.

octoDNS keeps TXT records (see `octodns_provider`), dbt-jobs-as-code keeps dbt Cloud jobs; both as their documents say.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PACKAGES = {"octoDNS": ("octodns", "requests"), "dbt-jobs-as-code": ("dbt-jobs-as-code",)}


def install(root: Path, name: str, packages: tuple[str, ...], *, anew: bool = False) -> Path:
    """A venv with these packages, `anew` where they may have changed; gives its folder of programs."""
    folder = root / name
    if anew or not (folder / "done").exists():
        # The newest pip: the script that an older one makes for a command imports `re`.
        subprocess.run([sys.executable, "-m", "venv", "--clear", "--upgrade-deps", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "-q", *packages], check=True)
        (folder / "done").touch()
    return folder / "bin"


@dataclass(frozen=True)
class Fellow:
    """Another tool: its commands for a folder, without and with the right to write."""

    name: str
    plan: list[str]
    apply: list[str]


def octodns(programs: Path, folder: Path, size: int, changed: int, port: int) -> Fellow:
    """octoDNS with a zone of `size` TXT records."""
    zones = folder / "zones"
    zones.mkdir(parents=True)
    records = (
        f"txt-{number:05d}: {{type: TXT, ttl: 300, value: 'says {number}{' now' * (number % 100 < changed)}'}}\n"
        for number in range(size)
    )
    (zones / "bench.test.yaml").write_text("---\n" + "".join(records), encoding="utf-8")
    (folder / "octodns.yaml").write_text(
        f"""\
providers:
  config: {{class: octodns.provider.yaml.YamlProvider, directory: {zones}, default_ttl: 300, enforce_order: false}}
  live: {{class: octodns_provider.BenchProvider, url: "http://127.0.0.1:{port}/v4"}}
zones:
  bench.test.: {{sources: [config], targets: [live]}}
""",
        encoding="utf-8",
    )
    plan = [str(programs / "octodns-sync"), "--config-file", str(folder / "octodns.yaml")]
    return Fellow("octoDNS", plan, [*plan, "--doit", "--force"])


def dbt_jobs(programs: Path, folder: Path, size: int, changed: int, port: int) -> Fellow:
    """dbt-jobs-as-code with `size` jobs."""
    folder.mkdir(parents=True)
    jobs = (
        f"""\
  job-{number:05d}:
    account_id: 1
    project_id: 1
    environment_id: 1
    name: What it does {number}{" now" * (number % 100 < changed)}
    settings: {{threads: 4, target_name: production}}
    run_generate_sources: true
    execute_steps: [dbt build]
    generate_docs: false
    schedule: {{cron: "0 9 * * *"}}
    triggers: {{github_webhook: false, git_provider_webhook: false, schedule: true, on_merge: false}}
"""
        for number in range(size)
    )
    (folder / "jobs.yml").write_text("jobs:\n" + "".join(jobs), encoding="utf-8")
    program = str(programs / "dbt-jobs-as-code")
    rest = ["--environment-id", "1", str(folder / "jobs.yml")]
    return Fellow("dbt-jobs-as-code", [program, "plan", *rest], [program, "sync", *rest])


def environment(port: int) -> dict[str, str]:
    """The variables that they and the tool read."""
    address = f"http://127.0.0.1:{port}"
    ours = {"QONVERSION_SECRET": "sk_bench", "QONVERSION_API_URL": address}
    return ours | {"PYTHONPATH": str(HERE), "DBT_BASE_URL": address, "DBT_API_KEY": "bench"}


FELLOWS = {"octoDNS": octodns, "dbt-jobs-as-code": dbt_jobs}
