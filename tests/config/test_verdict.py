"""The quick yes: it agrees with jsonschema, and where a configuration is sound jsonschema is not even loaded."""

from __future__ import annotations

import random
import subprocess
import sys
from copy import deepcopy
from typing import Any

import pytest
import size

from reconciler.config.validation import find_errors, fits, is_valid
from reconciler.kinds import KINDS
from reconciler.kinds.resources import make_block_schemas
from reconciler.kinds.schema import LIFECYCLE

SEED = 20261121
ROUNDS = 4000
SETTINGS: dict[str, Any] = {
    "state": {"store": "git", "remote": "origin"},
    "guards": {"max_deletes": 5},
    "time_zone": "Europe/Berlin",
    "environments": {
        "sandbox": {"secret_env": "QONVERSION_SANDBOX", "variables": {"prefix": "[test] ", "n": 1, "off": None}},
        "production": {"secret_command": ["op", "read"], "state": {"store": "object", "url": "s3://b/c"}},
    },
}
SOUND: dict[str, Any] = {
    "settings": SETTINGS,
    **{name: block["items"]["examples"][0] for name, block in make_block_schemas().items()},
    **{name: {**kind.example, "lifecycle": {"prevent_destroy": True}} for name, kind in KINDS.items()},
}
TEXTS = ("", "x", "x\n", "09:00", "09:00\n", "active", "iOS", "report.a", "report.a\n", "sk_abc", "allow", "é\u2028")
NUMBERS = (True, False, 0, 1, 3, -1, 1.0, 3.0, float("nan"), 10**30)
SHAPES: tuple[Any, ...] = (
    *(None, [], {}, [[]], [{}], [None], {"": ""}),
    {"integration": "a"},
    {"type": "target_integration", "id": "a"},
    {"field": "status", "until": "2027-01-31", "reason": "x"},
)
ODD = (*TEXTS, *("x" * length for length in (255, 256, 257, 1025)), *NUMBERS, *SHAPES)


def mutated(rng: random.Random, sound: Any) -> Any:
    """A sound value with one to three spots made odd."""
    value = deepcopy(sound)
    for _ in range(rng.randint(1, 3)):
        value = _changed(rng, value)
    return value


def _changed(rng: random.Random, value: Any) -> Any:
    if isinstance(value, dict) and value and rng.random() < 0.85:
        key = rng.choice(list(value))
        how = rng.random()
        if how < 0.15:
            return {name: each for name, each in value.items() if name != key}
        if how < 0.3:
            return value | {rng.choice(("extra", "status", "lifecycle", "", "a b")): rng.choice(ODD)}
        return value | {key: _changed(rng, value[key])}
    if isinstance(value, list) and value and rng.random() < 0.85:
        at = rng.randrange(len(value))
        return [*value[:at], _changed(rng, value[at]), *value[at:]]
    return deepcopy(rng.choice(ODD))


@pytest.mark.parametrize("name", SOUND)
def test_it_agrees_with_jsonschema(name: str) -> None:
    """Thousands of sound and odd values: yes exactly where jsonschema finds nothing."""
    print(f"seed {SEED}")  # noqa: T201 - shown where it fails
    rng = random.Random(f"{SEED} {name}")  # noqa: S311 - no secret
    assert is_valid(name, SOUND[name])
    said = set()
    for number in range(ROUNDS if size.exhaustive else ROUNDS // 5):
        value = mutated(rng, SOUND[name])
        yes = is_valid(name, value)
        said.add(yes)
        assert yes is not bool(find_errors(name, value)), (number, value)
    assert said == {True, False}


@pytest.mark.parametrize("keyword", ["format", "anyOf", "uniqueItems", "const"])
def test_a_keyword_that_it_does_not_know(keyword: str) -> None:
    """A schema that uses another keyword is an error at once, and never a yes."""
    with pytest.raises(KeyError, match=keyword):
        fits({**LIFECYCLE, keyword: "x"}, {})


@pytest.mark.process
def test_jsonschema_is_loaded_where_something_is_wrong(tmp_path: Any) -> None:
    """A sound configuration is checked without it."""
    script = (
        "import sys; from reconciler.cli.main import run; code = run(['validate', sys.argv[1]]); "
        "print(code, 'jsonschema' in sys.modules)"
    )
    for text, said in (("automations: {}", "0 False"), ("automations: {a: {name: 1}}", "3 True")):
        (tmp_path / "main.yaml").write_text(text)
        done = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == said
