"""`for_each`: many alike from one resource, for each environment, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from reconciler.cli.main import run
from reconciler.config import for_each
from reconciler.config.load import Configuration

from .conftest import Folder, written

SETTINGS = """\
variables: {apps: [chess, go], regions: {eu: {hook: int-eu}, us: {hook: int-us}}}
environments:
  sandbox: {variables: {apps: [go]}}
  production: {}
"""
REGIONS = '[{key: eu, at: "09:00", hook: int-eu}, {key: us, at: "10:30", hook: int-us}]'


def many(for_each: str = f'{{app: "${{var.apps}}", region: {REGIONS}}}', **fields: str) -> str:
    """A report of each combination; its fields may be replaced."""
    usual = {
        "report_name": '"Daily ${each.app} ${each.region}"',
        "send_at": '"${each.region.at}"',
        "destinations": '[{type: target_integration, id: "${each.region.hook}"}]',
    }
    return written("reports", "daily", for_each=for_each, **usual | fields)


def addresses(folder: Folder, environment: str = "production") -> list[str]:
    """What there is in an environment, of which `validate` says that it is fine."""
    return list(folder.desired(environment).resources)


def test_the_instances_are_the_product(folder: Folder) -> None:
    """Each dimension is a list, also of a variable; keys are joined; a map item stands for its key."""
    folder.write(SETTINGS, "reconciler.yaml")
    folder.write(many())
    resources = folder.desired("production").resources
    assert list(resources) == [
        "report.daily-chess-eu",
        "report.daily-chess-us",
        "report.daily-go-eu",
        "report.daily-go-us",
    ]
    assert resources["report.daily-chess-us"].fields == {
        "report_name": "Daily chess us",
        "send_at": "10:30",
        "included_range_days": 1,
        "status": "active",
        "environment": "production",
        "destinations": [{"type": "target_integration", "id": "int-us"}],
    }
    assert addresses(folder, "sandbox") == ["report.daily-go-eu", "report.daily-go-us"]


def test_an_instance_knows_its_items_and_places(folder: Folder) -> None:
    """A value that is wholly an item's is edited at the item; another at the definition, with the item beside it."""
    folder.write(SETTINGS, "reconciler.yaml")
    folder.write(many())
    made = folder.desired("production").resources["report.daily-chess-us"]
    assert made.instance is not None
    assert (made.instance.definition, made.instance.items) == ("report.daily", {"app": "chess", "region": "us"})
    near = {
        path: (place.file.rpartition("/")[2], place.line, place.column)
        for path in ("send_at", "report_name", "destinations[0].id", "status")
        for place in [made.locate_field(path)]
    }
    assert near == {
        "send_at": ("main.yaml", 3, 97),
        "report_name": ("main.yaml", 4, 5),
        "destinations[0].id": ("main.yaml", 3, 112),
        "status": ("main.yaml", 8, 5),
    }
    assert [(each.line, each.column) for each in made.sources["report_name"]] == [(1, 20), (3, 89)]
    assert [(each.line, each.column) for each in made.sources["send_at"]] == [(5, 5)]
    assert (made.location.line, made.file) == (2, "main.yaml")


@pytest.mark.parametrize(
    ("exclude", "left"),
    [
        ("[{app: go, region: us}]", ["chess-eu", "chess-us", "go-eu"]),
        ("[{region: us}]", ["chess-eu", "go-eu"]),
        ("[{app: chess}, {region: us}]", ["go-eu"]),
        ('"${var.out}"', ["chess-eu", "go-eu"]),
    ],
)
def test_combinations_are_left_out(folder: Folder, exclude: str, left: list[str]) -> None:
    """An item of `exclude` names one dimension or more; the others may be any."""
    folder.write("environments: {a: {variables: {apps: [chess, go], out: [{region: us}]}}}", "reconciler.yaml")
    folder.write(many(exclude=exclude))
    assert addresses(folder, "a") == [f"report.daily-{each}" for each in left]


@pytest.mark.parametrize(
    ("exclude", "said"),
    [
        ("[{region: eu1}]", 'main.yaml:7:24: report.daily: exclude[0]: excludes nothing: "eu1" is no item of region; '
         'did you mean "eu"?'),
        ("[{app: 7}]", 'main.yaml:7:21: report.daily: exclude[0]: excludes nothing: "7" is no item of app'),
    ],
)  # fmt: skip
def test_an_exclude_that_excludes_nothing_is_a_warning(folder: Folder, exclude: str, said: str) -> None:
    """validate says it, once for all environments, and a plan does."""
    folder.write("environments: {a: {variables: {apps: [go]}}, b: {variables: {apps: [go]}}}", "reconciler.yaml")
    folder.write(many(exclude=exclude))
    code, lines = folder.validate()
    assert (code, lines[0]) == (0, f"warning: {said}")
    assert [str(each).replace(f"{folder.path}/", "") for each in folder.desired("a").warnings] == [said]


def test_a_key_of_its_own(folder: Folder) -> None:
    """`key` is made of the items, and may leave the resource's own key out."""
    folder.write(many(for_each="{app: [chess, go]}", report_name="${each.app}", send_at='"09:00"',
                      destinations="[{type: target_integration, id: x}]", key='"${each.app}-daily"'))  # fmt: skip
    assert addresses(folder, "default") == ["report.chess-daily", "report.go-daily"]


def test_numbers_keep_their_type(folder: Folder) -> None:
    """The text of a number is the key; in values it is a number where it is the whole value."""
    data = '{a: "${each.n}", b: "n ${each.n}", c: "${each.m.deep.list}", d: "${each.m.on} $${each.m}"}'
    dimensions = "{n: [1, 20], m: [{key: 3, on: true, deep: {list: [1, x]}}]}"
    folder.write(written("automations", for_each=dimensions, name='"A ${each.n}"', data=data))
    resources = folder.desired().resources
    assert list(resources) == ["automation.a-1-3", "automation.a-20-3"]
    assert resources["automation.a-20-3"].fields["data"] == {"a": 20, "b": "n 20", "c": [1, "x"], "d": "true ${each.m}"}


def test_items_with_variables(folder: Folder) -> None:
    """An item, or a value in it, may be a variable or hold one; a path reaches into a variable that is a map."""
    folder.write(SETTINGS, "reconciler.yaml")
    for_each = '{region: [{key: eu, id: "${var.regions.eu.hook}"}, "${var.last}"]}'
    folder.write("variables: {regions: {eu: {hook: int-eu}}, last: {key: us, id: int-us}}", "reconciler.yaml")
    folder.write(many(for_each, report_name="R ${each.region}", send_at="09:00",
                      destinations='[{type: target_integration, id: "${each.region.id}"}]'))  # fmt: skip
    made = folder.desired().resources
    assert [each.fields["destinations"][0]["id"] for each in made.values()] == ["int-eu", "int-us"]
    files = [each.locate_field("destinations[0].id").file.rpartition("/")[2] for each in made.values()]
    assert files == ["main.yaml", "reconciler.yaml"]


def test_anchors_carry_items(folder: Folder) -> None:
    """What stands below `x-` and is used in a resource is text of that resource, items included."""
    for_each = '{app: [a, b], region: [{key: eu, at: "09:00", hook: h}]}'
    folder.write("x-name: &name 'Daily ${each.app}'\n" + many(for_each, report_name="*name"))
    assert [each.fields["report_name"] for each in folder.desired().resources.values()] == ["Daily a", "Daily b"]


def test_lifecycle_is_of_each_instance(folder: Folder) -> None:
    """`lifecycle` holds for all, and may have items in it."""
    lifecycle = (
        '{prevent_destroy: true, ignore_changes: [{field: status, until: 2999-01-01, reason: "as ${each.app}"}]}'
    )
    folder.write(written("automations", for_each="{app: [x, y]}", name="${each.app}", lifecycle=lifecycle))
    made = [each.lifecycle for each in folder.desired().resources.values()]
    assert [each.ignore_changes[0].reason for each in made] == ["as x", "as y"]
    assert all(each.prevent_destroy for each in made)


def test_references_to_and_from_instances(folder: Folder) -> None:
    """An instance is named by its key, and a key may be made of items."""
    folder.write(many(f"{{app: [go], region: {REGIONS}}}", destinations='[{integration: "hook-${each.region}"}]'))
    folder.write(written("integrations", "hook", for_each="{r: [eu, us]}", title="Hook ${each.r}"), "i.yaml")
    made = folder.desired().resources
    assert made["report.daily-go-us"].fields["destinations"] == [{"integration": "hook-us"}]
    folder.write(written("reports", "other", destinations="[{integration: hook-ue}]"), "other.yaml")
    assert folder.problems() == [
        'other.yaml:3:34: report.other: destinations[0].integration: there is no integration "hook-ue"; expected the '
        'key of an integration of this configuration; did you mean "hook-us"?'
    ]


ONE = "{app: [chess, go]}"
WRONG: Mapping[str, tuple[dict[str, str], list[str]]] = {
    "a list": (
        {"for_each": "[a, b]"},
        ["main.yaml:3:15: report.daily: for_each: found a list; expected a map of lists by names of yours, for example "
         "{app: [chess, go]}"],
    ),
    "no dimension": (
        {"for_each": "{}"},
        ["main.yaml:3:15: report.daily: for_each: found an empty map; expected a map of lists by names of yours, for "
         "example {app: [chess, go]}"],
    ),
    "a scalar": (
        {"for_each": "{app: chess}"},
        ['main.yaml:3:21: report.daily: for_each.app: found the text "chess"; expected a list of items; '
         "did you mean [chess]?"],
    ),
    "an empty list": (
        {"for_each": "{app: []}"},
        ["main.yaml:3:21: report.daily: for_each.app: found an empty list; expected a list of items"],
    ),
    "a name that cannot be said": (
        {"for_each": "{my-app: [a]}"},
        ['main.yaml:3:16: report.daily: for_each: "my-app" cannot name a dimension; expected letters, digits and _, a '
         "letter or _ first"],
    ),
    "an item that is no key": (
        {"for_each": "{app: [Chess Pro]}"},
        ['main.yaml:3:22: report.daily: for_each.app: "Chess Pro" cannot be a key; expected small letters, digits, - '
         'and _, a letter or digit first; did you mean "chess-pro"?'],
    ),
    "items of other types": (
        {"for_each": "{app: [true, [a], {name: b}, null, 1.5]}"},
        [f"main.yaml:3:{column}: report.daily: for_each.app: {said}" for column, said in (
            (22, "found the value true; expected a text, a number, or a map with the key `key`"),
            (28, "found a list; expected a text, a number, or a map with the key `key`"),
            (33, "found a map of name; expected a text, a number, or a map with the key `key`"),
            (44, "found nothing; expected a text, a number, or a map with the key `key`"),
            (50, '"1.5" cannot be a key; expected small letters, digits, - and _, a letter or digit first; '
                 'did you mean "1-5"?'),
        )],
    ),
    "an item twice": (
        {"for_each": "{app: [a, b, {key: a}]}"},
        ['main.yaml:3:34: report.daily: for_each.app: "a" is an item at main.yaml:3:22 already; expected it once'],
    ),
    "a dimension that is not there": (
        {"for_each": ONE, "report_name": "${each.ap}"},
        ['main.yaml:4:18: there is no dimension "ap"; expected app; did you mean "app"? '
         "(2 resources: report.daily-chess (for app=chess), report.daily-go (for app=go))"],
    ),
    "a key of an item that is not there": (
        {"for_each": "{app: [{key: a, name: A}]}", "report_name": "${each.app.nam}"},
        ['main.yaml:4:18: report.daily-a (for app=a): the item "a" of app has no "nam"; expected one of key, name; '
         'did you mean "name"?'],
    ),
    "a key of a text": (
        {"for_each": "{app: [a]}", "report_name": "${each.app.name}"},
        ['main.yaml:4:18: report.daily-a (for app=a): the item "a" of app is the text "a"; expected a map with the '
         'key "name"'],
    ),
    "a map within a text": (
        {"for_each": "{app: [{key: a, x: {y: 1}}]}", "report_name": "A ${each.app.x}"},
        ["main.yaml:4:18: report.daily-a (for app=a): ${each.app.x} is a map of y; expected a text, a number or a "
         "boolean within a text"],
    ),
    "each alone": (
        {"for_each": "{app: [a]}", "report_name": "${each}"},
        ['main.yaml:4:18: report.daily-a (for app=a): "${each}" names no dimension of for_each; expected '
         "${each.DIMENSION}, or ${each.DIMENSION.KEY} for a map (a plain ${ is written $${)"],
    ),
    "each in for_each": (
        {"for_each": '{app: [a], b: "${each.app}", c: "${each.app}"}'},
        [f'main.yaml:3:{column}: "${{each.app}}" cannot stand in for_each; expected it in the values of '
         "fields, or in key" for column in (29, 47)],
    ),
    "each in an item": (
        {"for_each": '{app: [a], c: ["${each.app}"]}'},
        ['main.yaml:3:30: "${each.app}" cannot stand in for_each; expected it in the values of fields, or in key'],
    ),
    "each in exclude": (
        {"for_each": ONE, "exclude": '[{app: "${each.app}"}]', "report_name": "${each.app}"},
        ['main.yaml:4:21: "${each.app}" cannot stand in exclude; expected it in the values of fields, or in key'],
    ),
    "each in only_in": (
        {"for_each": ONE, "only_in": '["${each.app}"]', "report_name": "${each.app}"},
        ['main.yaml:4:15: "${each.app}" cannot stand in only_in; expected it in the values of fields, or in key'],
    ),
    "each without for_each": (
        {"report_name": "${each.app}"},
        ['main.yaml:3:18: "${each.app}" stands in no resource with for_each; expected for_each with this dimension '
         "beside it"],
    ),
    "each in the name of a field": (
        {"for_each": "{app: [a]}", "destinations": '[{type: target_integration, "${each.app}": x}]'},
        ['main.yaml:4:47: the key "${each.app}" holds a variable; expected variables in '
         "values only"],
    ),
    "another word for it": (
        {"foreach": ONE, "report_name": "${each.app}"},
        ['main.yaml:3:5: report.daily: unknown key "foreach"; expected one of report_name, send_at, '
         "included_range_days, status, environment, destinations, lifecycle, for_each, exclude, only_in, key; "
         'did you mean "for_each"?'],
    ),
    "exclude of no dimension": (
        {"for_each": ONE, "exclude": "[{apps: go}]", "report_name": "${each.app}"},
        ['main.yaml:4:16: report.daily: exclude[0]: there is no dimension "apps"; expected app; did you mean "app"?'],
    ),
    "exclude that is no list": (
        {"for_each": ONE, "exclude": "{app: go}", "report_name": "${each.app}"},
        ["main.yaml:4:14: report.daily-chess (for app=chess): exclude: found a map of app; expected a list; "
         'write "- " before each item'],
    ),
    "exclude and key without for_each": (
        {"exclude": "[{app: go}]", "key": "a"},
        ["main.yaml:3:5: report.daily: exclude: expected for_each beside it",
         "main.yaml:4:5: report.daily: key: expected for_each beside it"],
    ),
    "an environment that does not exist": (
        {"only_in": "[defualt, b]"},
        ['main.yaml:3:15: report.daily: only_in: there is no environment "defualt"; expected default; '
         'did you mean "default"?',
         'main.yaml:3:24: report.daily: only_in: there is no environment "b"; expected default'],
    ),
    "one environment": (
        {"only_in": "default"},
        ['main.yaml:3:14: report.daily: only_in: found the text "default"; expected a list; did you mean [default]?'],
    ),
    "no environment": (
        {"only_in": "[]"},
        ["main.yaml:3:14: report.daily: only_in: is empty; expected a list that holds something"],
    ),
    "one key for all": (
        {"for_each": ONE, "key": "all", "report_name": "${each.app}"},
        ["main.yaml:4:10: report.all (for app=go): has the key of report.all (for app=chess) at main.yaml:2:3; "
         "expected a key for each, with every dimension in `key`"],
    ),
    "a key that is none": (
        {"for_each": "{app: [a]}", "key": '"${each.app} x"'},
        ['main.yaml:4:10: report.daily (for app=a): key: "a x" cannot be a key; expected small letters, digits, - and '
         '_, a letter or digit first; did you mean "a-x"?'],
    ),
    "a key that is a list": (
        {"for_each": "{app: [a]}", "key": "[a]"},
        ["main.yaml:4:10: report.daily (for app=a): key: found a list; expected a text"],
    ),
    "one name for all": (
        {"for_each": "{app: [a, b, c]}"},
        ['main.yaml:2:3: report.daily-b (for app=b) has the same report_name "Daily", environment "production" as '
         "report.daily-a (for app=a) at main.yaml:2:3; expected a difference, since these tell two objects apart "
         "(2 resources: report.daily-b (for app=b), report.daily-c (for app=c))"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong(folder: Folder, name: str) -> None:
    """Each is one problem, at the place that a person would edit."""
    fields, said = WRONG[name]
    folder.write(written("reports", "daily", **fields))
    assert folder.problems() == said


def test_a_wrong_value_of_one_instance_names_its_items(folder: Folder) -> None:
    """The line is that of the definition, with the items."""
    folder.write(
        many(f"{{app: [chess, go], region: {REGIONS}}}", send_at='"09:0${each.app}"', exclude="[{app: chess}]")
    )
    assert folder.problems() == [
        'main.yaml:5:14: send_at: found the text "09:0go"; expected a UTC time on the 30-minute grid, "00:00" to '
        '"23:30"; did you mean "09:30"? (2 resources: report.daily-go-eu (for app=go, region=eu), '
        "report.daily-go-us (for app=go, region=us))"
    ]
    folder.write(many(f"{{app: [go], region: {REGIONS}}}", send_at='"09:0${each.region}"', exclude="[{region: eu}]"))
    assert folder.problems() == [
        'main.yaml:5:14: report.daily-go-us (for app=go, region=us): send_at: found the text "09:0us"; expected a UTC '
        'time on the 30-minute grid, "00:00" to "23:30"; did you mean "09:30"?'
    ]


def test_a_wrong_item_is_told_at_the_item(folder: Folder) -> None:
    """A value that is wholly an item's is told where the item stands, once for all that have it."""
    folder.write("variables: {apps: [a, b], regions: [{key: eu, at: 9:10, hook: h}, {key: us, at: 9:00, hook: h}]}",
                 "reconciler.yaml")  # fmt: skip
    folder.write(many('{app: "${var.apps}", region: "${var.regions}"}'))
    first, second = folder.problems()
    assert first.startswith(
        'reconciler.yaml:1:51: send_at: found the text "9:10", the value of ${each.region.at} at main.yaml:5:14; '
    )
    assert first.endswith(
        "(2 resources: report.daily-a-eu (for app=a, region=eu), report.daily-b-eu (for app=b, region=eu))"
    )
    assert second.startswith('reconciler.yaml:1:81: send_at: found the text "9:00"')


def test_only_in_leaves_out(folder: Folder) -> None:
    """A resource exists in the environments that are named; its variables need no values elsewhere."""
    folder.write("environments: {a: {variables: {apps: [x]}}, b: {}}", "reconciler.yaml")
    folder.write(many(f'{{app: "${{var.apps}}", region: {REGIONS}}}', only_in="[a]"))
    folder.write(written("integrations", "hook", only_in="[b]"), "i.yaml")
    assert addresses(folder, "a") == ["report.daily-x-eu", "report.daily-x-us"]
    assert addresses(folder, "b") == ["integration.hook"]


def test_only_in_takes_patterns(folder: Folder) -> None:
    """The pattern of `-e`: it means each environment that it fits, and one that fits none is an error."""
    folder.write("environments: {chess-ios: {}, chess-web: {}, go: {}}", "reconciler.yaml")
    folder.write(written("integrations", "hook", only_in='["chess-*", g?]'))
    folder.write(written("integrations", "web", title="W", only_in='["*-[vw]eb"]'), "i.yaml")
    assert [addresses(folder, name) for name in ("chess-ios", "chess-web", "go")] == [
        ["integration.hook"], ["integration.hook", "integration.web"], ["integration.hook"]
    ]  # fmt: skip
    folder.write(written("integrations", "hook", only_in='["chess-*", "x-*"]'))
    assert folder.problems() == [
        'main.yaml:3:26: integration.hook: only_in: there is no environment "x-*"; expected one of chess-ios, '
        "chess-web, go"
    ]


def test_imports_take_no_patterns(folder: Folder) -> None:
    """An id belongs to one project: the name of its environment is exact."""
    folder.write("environments: {chess-ios: {}, chess-web: {}}", "reconciler.yaml")
    folder.write(written("integrations", "hook") + "imports: [{to: integration.hook, id: {'chess-*': abc}}]\n")
    (said,) = folder.problems()
    assert 'id: there is no environment "chess-*"; expected one of chess-ios, chess-web' in said


def test_a_reference_to_what_is_left_out(folder: Folder) -> None:
    """It is an error in that environment, also if what is left out is an instance."""
    folder.write("environments: {a: {}, b: {}}", "reconciler.yaml")
    folder.write(written("integrations", "hook", for_each="{r: [eu]}", only_in="[a]")
                 + written("reports", "x", destinations="[{integration: hook-eu}]"))  # fmt: skip
    assert folder.problems() == [
        "main.yaml:10:34: report.x: destinations[0].integration: only_in at main.yaml:4:14 leaves integration.hook-eu "
        "out of this environment; expected both in it, or none (in the environment b)"
    ]


def test_an_instance_with_the_key_of_another_resource(folder: Folder) -> None:
    """Both places are told, whatever the order."""
    folder.write(many(f"{{app: [go], region: {REGIONS}}}"))
    folder.write(written("reports", "daily-go-us", report_name="X"), "a.yaml")
    assert folder.problems() == [
        "main.yaml:2:3: report.daily-go-us (for app=go, region=us): has the key of report.daily-go-us at a.yaml:2:3; "
        "expected a key for each, with every dimension in `key`"
    ]


@pytest.mark.parametrize(
    "block", ["moved: [{from: report.x, to: report.daily}]", "imports: [{to: report.daily, id: x}]"]
)
def test_blocks_name_instances(folder: Folder, block: str) -> None:
    """The address of the definition is none there, and some of its instances are named."""
    folder.write(many(f"{{app: [go, x], region: {REGIONS}}}"))
    folder.write(block, "blocks.yaml")
    (problem,) = folder.problems()
    assert problem.partition(": ")[2] == (
        f"{block.partition(':')[0]}: to: report.daily is a for_each; expected the address of one of its 4 resources: "
        "report.daily-go-eu, report.daily-go-us, report.daily-x-eu, …"
    )
    folder.write(block.replace("report.daily", "report.daily-x-us"), "blocks.yaml")
    assert folder.validate()[0] == 0
    folder.write("moved: [{from: report.daily, to: report.daily-x-us}]", "blocks.yaml")
    assert folder.validate()[0] == 0
    folder.write("removed: [{from: report.daily-x-us, destroy: true}]", "blocks.yaml")
    assert "report.daily-x-us is still in the configuration, at main.yaml:2:3" in folder.problems()[0]


def lists(count: int, size: int) -> str:
    """So many dimensions of so many items."""
    return "{" + ", ".join(f"d{at}: [{', '.join(map(str, range(size)))}]" for at in range(count)) + "}"


@pytest.mark.parametrize(
    ("for_each", "said"),
    [
        (lists(7, 10), "makes 10000000 instances; expected at most 100000 in all"),
        (lists(200, 100), "makes more than 1000000000000 instances; expected at most 100000 in all"),
        (lists(5, 11), "makes 161051 instances; expected at most 100000 in all"),
    ],
)
def test_too_many_are_refused_before_they_are_made(folder: Folder, for_each: str, said: str) -> None:
    """The place is that of `for_each`; what `exclude` leaves out counts."""
    folder.write(written("reports", "daily", for_each=for_each, exclude="[{d0: 1}]"))
    assert folder.problems() == [f"main.yaml:3:15: report.daily: for_each: {said}"]


def test_too_many_in_all(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest is refused; what is left out of an environment counts, too."""
    monkeypatch.setattr(for_each, "MOST_INSTANCES", 1000)
    folder.write("environments: {a: {}, b: {}}", "reconciler.yaml")
    folder.write(written("reports", "x", for_each=lists(2, 25), only_in="[a]")
                 + written("integrations", "y", for_each=lists(1, 400), only_in="[b]"))  # fmt: skip
    problems = folder.problems()
    assert problems[0].startswith(
        "main.yaml:3:15: report.x: for_each: makes 625 instances, of 1025 in all; expected at most 1000 in all"
    )


def test_too_many_values(folder: Folder) -> None:
    """A large resource, often."""
    data = "{a: [" + ", ".join(["1"] * 2000) + "]}"
    folder.write(written("automations", for_each=lists(2, 100), name="${each.d0} ${each.d1}", data=data))
    (problem,) = folder.problems()
    assert problem.startswith("main.yaml:3:15: automation.a: for_each: makes 20")
    assert problem.endswith(" values up to here; expected at most 10000000 in all")


def without_places(folder: Folder) -> Any:
    """What the folder wants, by address, without places."""
    configuration = Configuration(folder.path)
    desired = configuration.desired(configuration.environments["default"])
    return {address: (each.fields, each.lifecycle) for address, each in desired.resources.items()}


def test_a_target_names_instances(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """So does `explain`; the definition's own address is refused with some that there are."""
    monkeypatch.setenv("QONVERSION_SECRET", "sk_demo")
    api = f"--api-url=simulator:{folder.path / '.demo.sqlite'}"
    folder.write(written("integrations", "hook", for_each="{r: [eu, us]}", title="Hook ${each.r}"))
    said = "integration.hook is a for_each; expected the address of one of its 2 resources: integration.hook-eu, "
    for command in (["plan", "--target", "integration.hook"], ["explain", "integration.hook"]):
        path = [*command[:1], *command[1:]] if command[0] == "explain" else command
        assert run([*path, str(folder.path), api]) == 64
        assert said in capsys.readouterr().err
    assert run(["plan", str(folder.path), api, "--target", "integration.hook-eu"]) == 0
    out = capsys.readouterr().out
    assert "integration.hook-eu" in out
    assert "integration.hook-us" not in out


def test_many_alike_from_a_plan_to_an_empty_plan(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is applied is then live; an edit of one item is an update of its instances, with the line of the item."""
    monkeypatch.setenv("QONVERSION_SECRET", "sk_demo")
    options = [str(folder.path), f"--api-url=simulator:{folder.path / '.demo.sqlite'}"]
    regions = '[{key: eu, at: "09:00"}, {key: us, at: "10:30"}]'
    text = many(f"{{app: [chess, go], region: {regions}}}", destinations='[{integration: "hook-${each.region}"}]')
    text += written("integrations", "hook", for_each="{region: [eu, us]}", title="Hook ${each.region}")
    folder.write(text)
    assert run(["apply", "--auto-approve", *options]) == 0
    assert run(["plan", "--detailed-exitcode", *options]) == 0
    folder.write(text.replace("10:30", "11:30"))
    capsys.readouterr()
    assert run(["plan", "--detailed-exitcode", *options]) == 2
    out = capsys.readouterr().out
    assert "2 to update" in out
    assert f"{folder.path}/main.yaml:3" in out
    assert all(f"report.daily-{app}-us" in out for app in ("chess", "go"))
    assert "-eu" not in out.partition("digest")[0].replace("hook-eu", "")


def test_a_block_is_for_the_environments_that_have_its_target(folder: Folder) -> None:
    """A `moved` or `imports` line whose target `only_in` leaves out does nothing there, and nothing is said of it."""
    folder.write("environments: {a: {}, b: {}}", "reconciler.yaml")
    folder.write(written("automations", "new", only_in="[a]"))
    folder.write(written("automations", "other", only_in="[a]", name="Other"), "other.yaml")
    folder.write(
        "moved: [{from: automation.old, to: automation.new}]\nimports: [{to: automation.other, id: x}]", "b.yaml"
    )
    found = {name: [len(each.moved), len(each.imports)] for name in "ab" for each in [folder.desired(name)]}
    assert found == {"a": [1, 1], "b": [0, 0]}
    assert not [line for line in folder.validate()[1] if "automation." in line]


def test_a_long_item_is_cut_in_messages(folder: Folder) -> None:
    """It is in the address already."""
    folder.write(many(f"{{app: [{'a' * 5000}], region: {REGIONS}}}", status="wrong"))
    assert max(map(len, folder.problems())) < 1000


def test_many_wrong_time_zones_are_searched_a_few_times(folder: Folder) -> None:
    """A search among all time zones costs milliseconds, and 20 suggestions are enough."""
    zones = ", ".join(f"x{number}" for number in range(30))
    send_at = '"09:00 Europe/Berlin${each.app}"'
    folder.write(many(f"{{app: [{zones}], region: {REGIONS}}}", send_at=send_at))
    suggested = sum("did you mean" in each for each in folder.problems())
    assert 0 < suggested <= 20


def test_a_reference_to_a_for_each_names_what_it_makes(folder: Folder) -> None:
    """Its own key is no resource."""
    hooks = written("integrations", "hook", for_each="{region: [eu, us]}", title='"Hook ${each.region}"')
    folder.write(hooks + written("reports", "daily", destinations="[{integration: hook}]"))
    (problem,) = folder.problems()
    expected = '"hook" is a for_each; expected the key of one of its 2 resources: hook-eu, hook-us'
    assert problem.endswith(f"destinations[0].integration: {expected}")
