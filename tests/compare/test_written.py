"""`compare` of two environments as they are written: offline, without a key."""

from __future__ import annotations

from typing import Any

import pytest
from world import without_excerpts

from .conftest import Folder, pairs

SETTINGS = """\
environments:
  sandbox: {variables: {prefix: "[test] ", push: p1, apps: [chess, go], guard: false, nothing: {}}}
  production: {variables: {prefix: "", push: p2, apps: [chess], guard: true, nothing: {push: p3}}}
"""
REPORT = "report_name: R, send_at: 09:00, included_range_days: 1, status: active, environment: production"
AUTOMATION = "name: A, status: active, data: {platform: iOS, actions: {push: p}}"
TO = "destinations: [{type: target_integration, id: d1}]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("automations: {a: {%s}}" % AUTOMATION, {}, id="nothing"),  # noqa: UP031 - it is full of braces
        pytest.param(
            'automations: {a: {name: "${var.prefix}A", status: active, data: {}}}',
            {"automation.a.name": ("[test] A", "A")},
            id="a variable in a text",
        ),
        pytest.param(
            'automations: {a: {name: A, status: active, data: {platform: iOS, actions: {push: "${var.push}"}}}}',
            {"automation.a.data.actions.push": ("p1", "p2")},
            id="a path",
        ),
        pytest.param(
            'automations: {a: {name: A, status: active, data: {actions: "${var.nothing}"}}}',
            {"automation.a.data.actions.push": (None, "p3")},
            id="a key that one side lacks",
        ),
        pytest.param(
            'automations: {a: {name: A, status: active, data: {initiators: [{uid: "${var.push}", type: event}]}}}',
            {"automation.a.data.initiators": ([{"uid": "p1", "type": "event"}], [{"uid": "p2", "type": "event"}])},
            id="a list is one value",
        ),
        pytest.param(
            "automations: {a: {%s, lifecycle: {prevent_destroy: '${var.guard}'}}}" % AUTOMATION,  # noqa: UP031 - as above
            {"automation.a.lifecycle.prevent_destroy": (False, True)},
            id="lifecycle",
        ),
        pytest.param(
            'automations: {a: {for_each: {app: "${var.apps}"}, name: "A ${each.app}", status: active, data: {}}}',
            {"automation.a-go": (True, None)},
            id="an instance of a list that differs",
        ),
    ],
)
def test_what_differs(folder: Folder, text: str, expected: dict[str, tuple[Any, Any]]) -> None:
    """By address and path, in a folder of two environments; exit 2 if there is something, else 0."""
    folder.write(SETTINGS, "reconciler.yaml")
    folder.write(text)
    document = folder.document()
    assert pairs(document["differences"]) == expected
    assert (document["a"], document["b"]) == (
        {"environment": "sandbox", "api": None},
        {"environment": "production", "api": None},
    )


def test_each_side_says_which_line_to_edit(folder: Folder) -> None:
    """The line of the field, and the line of the variable that makes the difference, which the text shows."""
    folder.write(
        """\
        environments:
          sandbox:
            variables: {push: p1}
          production:
            variables: {push: p2}
        """,
        "reconciler.yaml",
    )
    folder.write(
        'automations:\n  a:\n    name: A\n    status: active\n    data:\n      actions: {push: "${var.push}"}\n'
    )
    (difference,) = folder.document()["differences"]
    main, settings = folder.path / "main.yaml", folder.path / "reconciler.yaml"
    assert [difference[side]["place"] for side in "ab"] == [f"{main}:6"] * 2
    assert [difference[side]["sources"] for side in "ab"] == [[f"{settings}:3"], [f"{settings}:5"]]
    assert folder.compare().out.splitlines() == [
        "Comparison of sandbox and production, as written: 1 difference in 1 resource",
        "",
        "  ~ data.actions.push of automation.a",
        f'      sandbox:    "p1"  ({settings}:3)',
        f'      production: "p2"  ({settings}:5)',
    ]


def test_what_is_alike_is_told_once(folder: Folder) -> None:
    """The same values in many addresses, and the same variable in many texts."""
    folder.write(SETTINGS, "reconciler.yaml")
    resource = '  a{}: {name: "${var.prefix}A {}", status: active, data: {actions: {push: "${var.push}"}}}\n'
    folder.write("automations:\n" + "".join(resource.replace("{}", str(number)) for number in range(1, 13)))
    lines = folder.compare().out.splitlines()
    assert lines[0].endswith("24 differences in 12 resources")
    heads = [line for line in lines if line.startswith("  ~")]
    assert heads == ["  ~ name of 12 automations, such as automation.a1", "  ~ data.actions.push of 12 automations"]
    assert sum("automation.a8, … and 4 more; --format json lists all" in line for line in lines) == 2
    markdown = folder.compare("--format", "markdown").out.splitlines()
    assert [line for line in markdown if line.startswith("  ~")] == heads
    assert (markdown[0], markdown[-1]) == ("```text", "```")


def test_only_in_is_meant_to_differ(folder: Folder) -> None:
    """It is told with its place, and is no difference; `for_each` is told once."""
    folder.write(SETTINGS, "reconciler.yaml")
    folder.write(
        """\
        automations:
          a:
            for_each: {app: [chess, go]}
            only_in: [production]
            name: "A ${each.app}"
            status: active
            data: {}
          b: {only_in: [sandbox], name: B, status: active, data: {}}
        """
    )
    document = folder.document()
    assert pairs(document["meant"]) == {
        "automation.a-chess": (None, True),
        "automation.a-go": (None, True),
        "automation.b": (True, None),
    }
    main = folder.path / "main.yaml"
    assert [each["reason"] for each in document["meant"]] == [f"only_in at {main}:4:14"] * 2 + [
        f"only_in at {main}:8:16"
    ]
    done = folder.compare()
    assert done.code == 0
    assert done.out.splitlines() == [
        "Comparison of sandbox and production, as written: no differences in 3 resources",
        "",
        f"meant to differ: 2 automations in production alone, only_in at {main}:4:14",
        f"meant to differ: automation.b in sandbox alone, only_in at {main}:8:16",
    ]
    assert "meant to differ" in folder.compare("--format", "markdown").out


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        (["name"], {"data.actions.push", "data.platform", "lifecycle.prevent_destroy"}),
        (["automation.name", "automation.data.actions"], {"data.platform", "lifecycle.prevent_destroy"}),
        (["data.actions.push", "lifecycle"], {"name", "data.platform"}),
        (["data", "report.name", "report.status"], None),
        (["data", "integration.title"], {"name", "lifecycle.prevent_destroy"}),
        (["name", "data", "lifecycle.prevent_destroy"], set()),
    ],
)
def test_what_may_differ(folder: Folder, rules: list[str], left: set[str] | None) -> None:
    """FIELD of every kind or KIND.FIELD, also a path; from the command line or from reconciler.yaml. What is no field
    is refused."""
    text = (
        'automations: {a: {name: "${var.prefix}A", status: active, lifecycle: {prevent_destroy: "${var.guard}"}, '
        'data: {platform: "${var.platform}", actions: {push: "${var.push}"}}}}'
    )
    folder.write(text)
    settings = SETTINGS.replace("push: p1", "platform: iOS, push: p1").replace(
        "push: p2", "platform: Android, push: p2"
    )
    folder.write(settings, "reconciler.yaml")
    arguments = [word for rule in rules for word in ("--ignore", rule)]
    if left is None:
        assert folder.compare(*arguments).code == 64
        return
    document = folder.document(*arguments)
    assert {each["path"] for each in document["differences"]} == left
    assert document["ignored"] == rules
    folder.write(f"{settings}compare: {{ignore: {rules}}}\n", "reconciler.yaml")
    assert folder.document() == document


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ("compare: {ignore: [staus]}", '1:20: compare.ignore[0]: "staus" is no field; expected one of title, '
         "integration, target_platform, status, report_name, send_at, included_range_days, environment, destinations, "
         "name, conditions, caption, data, id, type, duration, apple_product_id, google_product_id, "
         "google_base_plan_id, stripe_product_id, description, product_ids, context_key, segment_percent, "
         "segmentation_conditions, payload_mapping, payload, "
         'lifecycle, or a path within one; did you mean "status"?'),
        ("compare: {ignore: [status, report.name]}", '1:28: compare.ignore[1]: "report.name" is no field; expected '
         "one of report_name, send_at, included_range_days, status, environment, destinations, lifecycle, or a path "
         'within one; did you mean "report_name"?'),
        ("compare: {ignore: ['data.initiators[0]']}", '1:20: compare.ignore[0]: "data.initiators[0]" goes into a list; '
         'expected a path of keys; did you mean "data.initiators"?'),
        ("compare: {ignore: status}", '1:19: compare.ignore: found the text "status"; expected a list; '
         "did you mean [status]?"),
        ("compare: {ignored: [status]}", '1:11: compare: unknown key "ignored"; expected ignore; '
         'did you mean "ignore"?'),
        ("ignore: [status]", '1:1: unknown key "ignore"; expected one of name, state, guards, compare, variables, '
         'time_zone, environments; did you mean "compare.ignore"?'),
        ("compare: {ignore: ['']}", "1:20: compare.ignore[0]: is empty; expected a text that holds something"),
    ],
)  # fmt: skip
def test_settings_that_are_none(folder: Folder, settings: str, problem: str) -> None:
    """Exit 3, with the place and what was meant."""
    folder.write(f"{settings}\nenvironments: {{sandbox: {{}}, production: {{}}}}\n", "reconciler.yaml")
    folder.write("automations: {a: {%s}}" % AUTOMATION)  # noqa: UP031 - it is full of braces
    done = folder.compare()
    assert done.code == 3
    assert without_excerpts(done.err)[0] == f"{folder.path / 'reconciler.yaml'}:{problem}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sandbox", "prodution"), "there is no environment prodution; expected one of sandbox, production; "
         'did you mean "production"?'),
        (("sandbox", "sandbox"), "sandbox is one environment; expected two, to compare them"),
        (("sandbox", "production", "--target", "automation.b"), "--target automation.b: no such address; "
         'did you mean "automation.a"?'),
        (("sandbox", "production", "--ignore", "x" * 99), f"--ignore {'x' * 60}… is no field; expected one of title, "),
        (("sandbox", "production", "--ignore", "lifecycle.protect"), '--ignore lifecycle.protect has no key "protect"; '
         "expected one of prevent_destroy, ignore_changes, replace"),
        (("sandbox", "production", "--api-url", "http://127.0.0.1:1"), "--api-url is the address of what is live; "
         "expected it together with --live"),
        (("sandbox",), "compare needs B"),
    ],
)  # fmt: skip
def test_wrong_usage(folder: Folder, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str) -> None:
    """Exit 64: an environment that does not exist or is compared with itself, a target, a field."""
    folder.write("environments: {sandbox: {}, production: {}}", "reconciler.yaml")
    folder.write("automations: {a: {%s}}" % AUTOMATION)  # noqa: UP031 - it is full of braces
    monkeypatch.chdir(folder.path)
    done = folder.run("compare", *arguments)
    assert (done.code, done.out) == (64, "")
    assert done.err.startswith(f"error: {message}")


def test_problems_of_both_environments_are_told(folder: Folder) -> None:
    """Exit 3; what is wrong in one alone says in which."""
    folder.write(
        "environments: {sandbox: {variables: {s: active}}, production: {variables: {s: on}}}", "reconciler.yaml"
    )
    folder.write('automations: {a: {name: A, status: "${var.s}", data: {}}}')
    done = folder.compare()
    assert done.code == 3
    assert "(in the environment production)" in done.err


def test_targets(folder: Folder) -> None:
    """An address, or a pattern: also one that fits in one environment alone."""
    folder.write(SETTINGS, "reconciler.yaml")
    folder.write(
        'automations: {a: {for_each: {app: "${var.apps}"}, name: "${var.prefix}${each.app}", status: active, data: {}}}'
    )
    assert set(pairs(folder.document("--target", "automation.a-*")["differences"])) == {
        "automation.a-chess.name",
        "automation.a-go",
    }
    assert set(pairs(folder.document("--target", "automation.a-go")["differences"])) == {"automation.a-go"}
    assert folder.document("--target", "automation.a-chess", "--ignore", "name")["compared"] == 1


def test_the_order_of_destinations_means_nothing(folder: Folder) -> None:
    """Nor does another place; what is shown of two lists is what differs."""
    folder.write(
        """\
        environments:
          sandbox: {variables: {to: [{integration: x}, {integration: y}]}}
          production: {variables: {to: [{integration: y}, {integration: x}]}}
        """,
        "reconciler.yaml",
    )
    integrations = "  {0}: {{title: {0}, integration: webhooks, target_platform: iOS}}\n"
    text = "integrations:\n" + "".join(map(integrations.format, "xyz")) + f"reports:\n  r: {{{REPORT}, "
    folder.write(text + 'destinations: "${var.to}"}\n')
    assert folder.document()["differences"] == []
    settings = (folder.path / "reconciler.yaml").read_text(encoding="utf-8")
    folder.write(
        settings.replace("{integration: y}, {integration: x}", "{integration: z}, {integration: x}"), "reconciler.yaml"
    )
    lines = [line.strip() for line in folder.compare().out.splitlines()]
    assert lines[5:] == ["- integration.y", "+ integration.z"]


def test_what_is_written_cannot_act(folder: Folder) -> None:
    """Control characters, commands of a CI system and Markdown in values are shown, and do nothing; a thousand
    resources that differ are all told."""
    folder.write(
        'environments: {sandbox: {variables: {n: "\\e[31mred\\n::error::x\\u202e"}}, '
        'production: {variables: {n: "<img> @team `x` | y"}}}',
        "reconciler.yaml",
    )
    resources = "\n".join(f'  a{n}: {{name: "${{var.n}}{n}", status: active, data: {{}}}}' for n in range(1000))
    folder.write(f"automations:\n{resources}\n")
    text, markdown = folder.compare().out, folder.compare("--format", "markdown").out
    for out in (text, markdown):
        assert "\x1b" not in out
        assert "\u202e" not in out
        assert not any(line.startswith("::") for line in out.splitlines())
    assert "1000 differences in 1000 resources" in text
    assert "``" in markdown and "<img>" not in markdown.replace('"<img> @team `x` | y0"', "")
    assert len(text.splitlines()) < 10
    assert len(folder.document()["differences"]) == 1000
