"""Every `curl` line of the vendor's pages, run over real HTTP, gets the documented answer.

The commands and answers below are the pages' own text. What may differ is named per example: ids and times are the
server's, and the integration pages fill fields that a new integration cannot have (`"<string>"`, a delivery error).
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from loopback import NO_TLS

from reconciler.simulator.server import Server

from .conftest import Dashboard

INTEGRATION = """{
  "object": "integration",
  "id": "gNl6hyM6",
  "url": "/v4/integrations/gNl6hyM6",
  "title": "Amplitude — Production iOS",
  "integration": "Amplitude",
  "target_platform": "iOS",
  "active": 0,
  "created_at": "2026-02-26T16:03:09Z",
  "updated_at": "2026-02-26T16:03:09Z",
  "last_delivery_at": "2026-04-22T10:12:33Z",
  "last_error_at": "2023-11-07T05:31:56Z",
  "last_error_message": "<string>",
  "delivery_error_count": 1
}"""
FILLERS = {"last_delivery_at", "last_error_at", "last_error_message", "delivery_error_count"}
TIMES = {"created_at", "updated_at"}
IDENTITY = {"id", "url"}

REPORT = """{
  "object": "scheduled_report",
  "id": "wbRlfw1x",
  "url": "/v4/scheduled-reports/wbRlfw1x",
  "report_name": "Daily Revenue",
  "send_at": "09:00",
  "included_range_days": 1,
  "status": "active",
  "environment": "production",
  "runs": 0,
  "destinations": [
    {
      "type": "target_integration",
      "id": "int-wh-01",
      "label": "Webhooks: Release alerts"
    }
  ],
  "created_at": "2026-04-23T11:44:36Z",
  "updated_at": "2026-04-23T11:44:36Z"
}"""


Run = Callable[[list[str]], tuple[int, Any]]


@dataclass(frozen=True)
class Example:
    """A curl line of the pages, its documented status and body, and the fields that may differ."""

    curl: str
    status: int
    answer: str | None = None
    differ: frozenset[str] = frozenset()


EXAMPLES = {
    "create report": Example(
        r"""curl -X POST https://api.qonversion.io/v4/scheduled-reports \
  -H "Authorization: Bearer $QONVERSION_SECRET" \
  -H "Content-Type: application/json" \
  -d '{
    "report_name": "Daily Revenue",
    "send_at": "09:00",
    "included_range_days": 1,
    "status": "active",
    "environment": "production",
    "destinations": [
      { "type": "target_integration", "id": "int-wh-01" }
    ]
  }'""",
        201,
        REPORT,
        frozenset(IDENTITY | TIMES),
    ),
    "pause report": Example(
        # The page shows no answer: the record as it was, with the new status.
        r"""curl -X PUT "https://api.qonversion.io/v4/scheduled-reports/wbRlfw1x" \
  -H "Authorization: Bearer $QONVERSION_SECRET" \
  -H "Content-Type: application/json" \
  -d '{"status": "draft"}'""",
        200,
        REPORT.replace('"status": "active"', '"status": "draft"'),
        frozenset(TIMES),
    ),
    "send test": Example(
        # The page shows no answer but the 202.
        r'''curl -X POST "https://api.qonversion.io/v4/scheduled-reports/wbRlfw1x/send-test" \
  -H "Authorization: Bearer $QONVERSION_SECRET"''',
        202,
    ),
    "create integration": Example(
        r"""curl --request POST \
  --url https://api.qonversion.io/v4/integrations \
  --header 'Authorization: Bearer <token>' \
  --header 'Content-Type: application/json' \
  --data '
{
  "title": "Amplitude — Production iOS",
  "integration": "amplitude",
  "target_platform": "iOS"
}
'""",
        201,
        INTEGRATION,
        frozenset(IDENTITY | TIMES | FILLERS),
    ),
    "set integration status": Example(
        r"""curl --request POST \
  --url https://api.qonversion.io/v4/integrations/{integration_id}/status \
  --header 'Authorization: Bearer <token>' \
  --header 'Content-Type: application/json' \
  --data '{
  "status": 1
}'""",
        200,
        # The page answers `"active": 0` to `"status": 1`: its example is that of the create. The schema's words win.
        INTEGRATION.replace('"active": 0', '"active": 1'),
        frozenset(TIMES | FILLERS),
    ),
    "create automation": Example(
        r"""curl --request POST \
  --url https://api.qonversion.io/v4/automations \
  --header 'Authorization: Bearer <token>' \
  --header 'Content-Type: application/json' \
  --data '
{
  "name": "Welcome Flow",
  "caption": "Sends a welcome message to new users",
  "status": "active",
  "data": {}
}
'""",
        201,
        """{
  "object": "automation",
  "id": "auto-abc123",
  "url": "/v4/automations/auto-abc123",
  "name": "Welcome Flow",
  "caption": "Sends a welcome message to new users",
  "status": "active",
  "data": {}
}""",
        frozenset(IDENTITY),
    ),
}


@pytest.fixture
def seeded(dashboard: Dashboard) -> None:
    """The records that the examples speak of."""
    dashboard.insert("integrations", id="int-wh-01", title="Release alerts", integration="webhooks")
    dashboard.insert("integrations", id="gNl6hyM6", title="Amplitude — Production iOS", integration="amplitude")
    destinations = [{"type": "target_integration", "id": "int-wh-01"}]
    dashboard.insert(
        "scheduled-reports",
        id="wbRlfw1x",
        report_name="Daily Revenue",
        send_at="09:00",
        status="active",
        destinations=destinations,
    )


def run_with_httpx(argv: list[str]) -> tuple[int, Any]:
    """Do what curl would do with these arguments."""
    method, url, content, headers = "GET", "", None, {}
    words = iter(argv[1:])
    for word in words:
        match word:
            case "-X" | "--request":
                method = next(words)
            case "-H" | "--header":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            case "-d" | "--data":
                content = next(words).encode()
            case "--url":
                url = next(words)
            case _:
                url = word
    answer = httpx.request(method, url, content=content, headers=headers, trust_env=False, verify=NO_TLS)
    return answer.status_code, answer.json() if answer.content else None


def run_with_curl(argv: list[str]) -> tuple[int, Any]:
    output = subprocess.run(
        [*argv, "--silent", "--noproxy", "*", "--max-time", "5", "--write-out", "\n%{http_code}"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    body, _, status = output.rpartition("\n")
    return int(status), json.loads(body) if body else None


RUNNERS = [
    run_with_httpx,
    pytest.param(
        run_with_curl,
        marks=[
            pytest.mark.process,
            pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl here"),
        ],
    ),
]


@pytest.mark.parametrize("run", RUNNERS)
@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.usefixtures("seeded")
def test_a_curl_line_gets_the_documented_answer(name: str, run: Run, server: Server) -> None:
    """Each line as the page has it, but for the host, the key and the placeholder in the path."""
    example = EXAMPLES[name]
    line = example.curl.replace("https://api.qonversion.io/v4", server.url).replace("{integration_id}", "gNl6hyM6")
    line = line.replace("<token>", "sk_live").replace("$QONVERSION_SECRET", "sk_live")

    # A shell joins continued lines, shlex does not.
    status, answer = run(shlex.split(line.replace("\\\n", "")))

    assert status == example.status
    if example.answer:
        assert_documented(answer, json.loads(example.answer), example.differ)
    else:
        assert answer["object"] == "operation"
        assert answer.keys() == {"object", "url", "message"}


def assert_documented(answer: dict[str, Any], documented: dict[str, Any], differ: frozenset[str]) -> None:
    """The same fields in the same order; the same values, or for those that may differ the same type or null."""
    assert list(answer) == list(documented)
    for field, value in documented.items():
        if field not in differ:
            assert answer[field] == value, field
        else:
            assert answer[field] is None or type(answer[field]) is type(value), field
