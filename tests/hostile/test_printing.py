"""Names from YAML and from the API are shown, and do nothing: to a terminal, to a CI system, to a JSON reader."""

from __future__ import annotations

import io
import json
import re
import sys
from dataclasses import replace
from typing import Any

import pytest
from size import crossed, ends
from world import World, automation, integration, report

from reconciler.api.response import Response
from reconciler.api.transport import Transport
from reconciler.cli.main import run
from reconciler.output.terminal import escape, sanitize
from reconciler.yaml.writing import dump

HOSTILE = {
    "a terminal's commands": "\x1b[2J\x1b]0;owned\x07\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "one-byte control sequences": "\x9b2J\x9d0;owned\x9c\x85",
    "a line of GitHub": "x\n::set-output name=a::b\n  ::error::no\r::warning::w",
    "a command at the start": "::add-mask::e",
    "an older command of GitHub": "##[set-output name=a]b ##[error]c",
    "a command of Azure": "##vso[task.setvariable variable=a]b",
    "a command of TeamCity": "##teamcity[buildStatus status='SUCCESS']",
    "line separators": "a\u2028::error::b\u2029c\x0b\x0c",
    "turned writing": "admin\u202egnp.exe\u2066x\u2069\u200f\u061c",
    "nothing to see": "a\u200bb\u200dc\u2060d\ufeffe\xadf\u115fg\u3164h\u034fi",
    "tags": "a\U000e0001\U000e0061b",
    "half a pair": "a\ud800b\udfffc",
    "Markdown": "![x](https://evil.example/a.png) [click](javascript:alert(1)) | a | b |\n\n# Title\n```",
    "HTML": "<script>alert(1)</script><img src=x onerror=alert(1)></details><!--",
    "format strings": "{0} {__class__} %s %(a)s %n ${var.a} $(id) `id` ; rm -rf / && || > x",
    "far from ASCII": "日本語 👩 é ±",
}
SAFE = re.compile(
    "[\x20-\x7e\xa1-\xac\xae-\u02ff\u0370-\u0619\u2010-\u2027\u2030-\u205f\u2100-\u2fff\u3001-\u3163\u3165-\ud7ff\U00010000-\U0001ffff]*"
)
STAND_INS = {0xD800: 0xE000, 0xDFFF: 0xE001}
COMMAND = re.compile(r"^\s*::|##[a-z]*\[")

hostile = pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
some_hostile = pytest.mark.parametrize("name", ends(HOSTILE.values()), ids=HOSTILE)


@pytest.fixture(autouse=True)
def halves(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulator keeps no half of a surrogate pair. It keeps a stand-in, and its answers have the half."""
    exchange = Transport.exchange

    def answering(transport: Transport, *arguments: Any, **options: Any) -> Response:
        answer = exchange(transport, *arguments, **options)
        content = answer.content
        for half, placeholder in STAND_INS.items():
            for spelled in (chr(placeholder).encode(), f"\\u{placeholder:04x}".encode()):
                content = content.replace(spelled, f"\\u{half:04x}".encode())
        return replace(answer, content=content)

    monkeypatch.setattr(Transport, "exchange", answering)


def _stored(value: str) -> str:
    return value.translate(STAND_INS)


def _check(printed: str) -> None:
    """Every line is of characters that only show, and no command."""
    for line in printed.split("\n"):
        assert SAFE.fullmatch(line), ascii(line)
        assert not COMMAND.search(line), line


def _quoted(name: str) -> str:
    """As YAML: it has no halves."""
    return (
        dump({"a": "".join(each for each in name if ord(each) not in STAND_INS) + ": "})
        .removeprefix("a: ")
        .rstrip("\n")
    )


def _yaml(name: str, action: str = "p1") -> str:
    quoted = _quoted(name.replace("${", "$${"))
    data = f"{{platform: iOS, actions: {{push: {action}}}, note: {quoted}}}"
    return f"automations:\n  a: {{name: {quoted}, caption: {quoted}, status: active, data: {data}}}\n"


@some_hostile
def test_names_from_yaml_are_shown_harmless(world: World, name: str) -> None:
    """In a plan, the progress, the report, the plan of a change, and the drift of it."""
    world.write(_yaml(name))
    printed = [world.run("plan"), world.run("apply", "--auto-approve")]
    world.write(_yaml(name + "\n::error::", "p2"))
    printed += [world.run("plan"), world.run("apply", "--auto-approve"), world.run("history"), world.run("plan")]
    assert [each.code for each in printed] == [0] * 6
    for each in printed:
        _check(each.out)
        _check(each.err)


@hostile
def test_names_from_the_api_are_shown_harmless(world: World, name: str) -> None:
    """Unmanaged objects, destinations, what somebody changed outside, with every command that reads."""
    target = world.insert("integrations", **integration(_stored(name), integration="slack"))
    world.insert("scheduled-reports", **report(_stored(name), target))
    found = world.insert("automations", **automation(_stored(name), caption=_stored(name)))
    world.write("automations:\n  b: {name: b, status: active, caption: c, data: {}}\n")
    assert world.run("apply", "--auto-approve").code == 0
    changed = _stored(name)
    world.edit("automations", world.id_of("automation.b"), caption=changed, data={changed: changed})
    for command in ("plan", "drift"):
        ended = world.run(command)
        assert ended.code in (0, 2), ended.err
        _check(ended.out)
        _check(ended.err)
    assert escape(json.dumps(name, ensure_ascii=False))[:60].replace("##", "\\u0023#") in world.run("plan").out
    put_back = world.run("apply", "--auto-approve")
    # The body keeps the live name; a server that takes no half pair refuses it, and that is told.
    assert put_back.code == (1 if "\ud800" in name else 0), put_back.err
    _check(put_back.out + put_back.err + world.run("history").out)
    assert run(["import", "automation.c", found, str(world.folder)]) in (0, 3, 5)


@some_hostile
def test_json_says_the_same(world: World, name: str) -> None:
    """A plan, a drift and a history as JSON give every name back as it is, and no line is a command."""
    world.write("automations:\n  b: {name: b, status: active, caption: c, data: {}}\n")
    assert world.run("apply", "--auto-approve").code == 0
    world.insert("automations", **automation(_stored(name)))
    world.edit("automations", world.id_of("automation.b"), caption=_stored(name))
    planned, drifted = world.run("plan", "--format", "json"), world.run("drift", "--format", "json")
    _check(planned.out)
    _check(drifted.out)
    assert [each["name"] for each in planned.document["unmanaged"]] == [name]
    assert [each["before"] for each in planned.document["changes"][0]["fields"]] == [name]
    assert [each["live"] for each in drifted.document["drift"][0]["fields"]] == [name]


@pytest.mark.parametrize(("name", "encoding"), crossed(HOSTILE.values(), ["ascii", "latin-1", "cp1252", "utf-8"]))
def test_every_encoding_can_be_written(world: World, monkeypatch: pytest.MonkeyPatch, encoding: str, name: str) -> None:
    """Where stdout cannot hold a character it gets an escape, not a crash; JSON says the same in ASCII."""
    world.insert("automations", **automation(_stored(name)))
    world.write("automations: {}\n")
    for form in ("text", "json"):
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding, write_through=True) for _ in range(2))
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            assert run(["plan", str(world.folder), "--format", form]) == 0
        printed = out.buffer.getvalue().decode(encoding)
        if form == "json":
            assert json.loads(printed)["unmanaged"][0]["name"] == name
        _check(printed)


@hostile
def test_errors_of_the_api_are_shown_harmless(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Its message, its code and its fields are values like others."""
    fields = {"code": name, "message": name, "details": [{"field": name, "message": name}]}
    content = json.dumps({"error": fields}).encode()
    monkeypatch.setattr(
        "reconciler.api.transport.Transport.exchange", lambda *_, **__: Response("GET", "/x", 422, {}, content)
    )
    world.write("automations: {}\n")
    ended = world.run("plan")
    assert ended.code == 1
    _check(ended.out)
    _check(ended.err)


@hostile
def test_what_a_configuration_says_wrong_is_shown_harmless(world: World, name: str) -> None:
    """Keys, values, addresses and variables in problems, and the names of environments."""
    text = _quoted(name)
    world.write(f"""\
        {text}: 1
        automations: {{{text}: {{}}, a: {{status: {text}, {text}: 1, data: [{text}], name: [{text}]}}}}
        moved: [{{from: {text}, to: {text}}}]
        imports: [{{to: {text}, id: {text}}}]
        """)
    world.write(f"environments: {{{text}: {{variables: {{{text}: 1}}, secret_env: {text}}}}}", "reconciler.yaml")
    ended = world.run("validate")
    assert ended.code == 3
    _check(ended.err)


def test_harmless_leaves_what_is_ours() -> None:
    """Line breaks and colours of ours stay; other sequences, though somebody forgot to make them visible, do not."""
    assert sanitize("\x1b[31merror: \x1b[0mx\n  y") == "\x1b[31merror: \x1b[0mx\n  y"
    assert sanitize("\x1b[8mx\x1b[2J\r\x1b[1m ::a\n\xa0::b a::b") == (
        "\\u001b[8mx\\u001b[2J\\r\x1b[1m ::a\n\xa0\\u003a:b a::b"
    )


def test_harmless_json_is_the_same_json() -> None:
    """Whatever character stands in a string: its escape is read back as itself."""
    text = ".".join(map(chr, (*range(0x3000), *range(0xD000, 0x11000), *range(0xE0000, 0xE1000))))
    document = json.dumps({text: [text, "##[error]", "::x"]}, ensure_ascii=False, indent=2)
    for encoding in ("utf-8", "ascii", "latin-1"):
        assert json.loads(sanitize(document, encoding)) == {text: [text, "##[error]", "::x"]}
        sanitize(document, encoding).encode(encoding)


def test_an_id_is_a_value_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server may give any text for an id: what is none is refused, and makes no line of its own."""
    exchange = Transport.exchange

    def answering(transport: Transport, *arguments: Any, **options: Any) -> Response:
        answer = exchange(transport, *arguments, **options)
        return replace(answer, content=answer.content.replace(b"evil-id", b"evil\\n::error::x\\u001b[31m"))

    monkeypatch.setattr(Transport, "exchange", answering)
    world.insert("automations", id="evil-id", **automation())
    world.write("automations: {}\n")
    ended = world.run("plan")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.count("\n") == 1
    _check(ended.err)


def test_a_report_in_a_file_is_harmless_in_a_log(world: World) -> None:
    """A pipeline may print the file: no colours, nothing acts on a terminal, no line is a command."""
    name = "::error::no\u202e\x1b[31m ::set-output name=x::y"
    world.write(json.dumps({"automations": {"a": {"name": name, "status": "active", "data": {}}}}))
    file = world.folder / "plan.txt"
    assert world.run("plan", "--report", f"text={file}").code == 0
    text = file.read_text(encoding="utf-8")
    assert "create automation.a" in text
    assert not re.search("[\x1b\u202e]", text)
    assert not re.search(r"(?m)^\s*::", text)
