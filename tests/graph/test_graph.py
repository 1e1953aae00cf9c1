"""`reconciler graph`: what refers to what, coloured by what would happen, in three languages."""

from __future__ import annotations

import json
import random
import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from offenders import for_all
from world import World, integration, report

from reconciler.model.reports import Graph, Node
from reconciler.output.graph import render_dot, render_mermaid, render_svg

BEFORE = """
integrations:
  desk: {title: Desk, integration: webhooks, target_platform: iOS, status: active}
  old: {title: Old, integration: webhooks, target_platform: iOS, status: active}
reports:
  daily:
    {report_name: Daily, send_at: "09:00", included_range_days: 1, status: draft, environment: production,
     destinations: [{integration: desk}, {integration: old}]}
  weekly:
    {report_name: Weekly, send_at: "09:00", included_range_days: 7, status: draft, environment: production,
     destinations: [{integration: old}]}
"""
AFTER = """
integrations:
  desk: {title: Desk, integration: webhooks, target_platform: iOS, status: active}
reports:
  daily:
    {report_name: Daily, send_at: "09:00", included_range_days: 1, status: draft, environment: production,
     destinations: [{integration: desk}, {type: target_integration, id: OTHER}]}
  monthly:
    {report_name: Monthly, send_at: "09:00", included_range_days: 7, status: draft, environment: production,
     destinations: [{integration: desk}]}
"""
HOSTILE = (
    '"] --> evil; click evil "javascript:alert(1)"',
    "%%{init: {'securityLevel': 'loose'}}%%",
    "`**bold**` <img src=x onerror=alert(1)> &amp; #quot; #35;",
    'back\\slash\\" \\N \\G',
    "]]></title><script>alert(1)</script>",
    "end\nsubgraph x\u202e",
    "style a fill:#f00;",
)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def moving(world: World) -> World:
    """A project where a report and an integration go, a report comes, and a reference leads out of it."""
    world.settle(BEFORE)
    other = world.insert("integrations", **integration("Other desk"))
    world.write(AFTER.replace("OTHER", other))
    world.requests()
    return world


def _edges(mermaid: str) -> dict[tuple[str, str], str]:
    """(address, address) → the arrow, of a Mermaid flowchart."""
    names = dict(re.findall(r'^  (n\d+)\["(?:[-+~!=x±] )?([\w.-]+|\w+#91;\w+#93;)<', mermaid, re.MULTILINE))
    found = re.findall(r"^  (n\d+) (-->|-\. goes away \.->) (n\d+)$", mermaid, re.MULTILINE)
    return {(names[source], names[target]): arrow for source, arrow, target in found}


def test_it_shows_what_refers_to_what_and_what_would_happen(moving: World) -> None:
    """Deleted objects keep their live references, which go away; what is not managed and is referred to is there."""
    drawn = moving.run("graph")
    assert drawn.code == 0, drawn.err
    arrows = _edges(drawn.out)
    away = "-. goes away .->"
    (other,) = (target for _, target in arrows if "#91;" in target)
    assert arrows == {
        ("report.daily", "integration.desk"): "-->",
        ("report.daily", other): "-->",
        ("report.monthly", "integration.desk"): "-->",
        ("report.daily", "integration.old"): away,
        ("report.weekly", "integration.old"): away,
    }
    assert '["integration.old<br/>delete · Old"]' in drawn.out
    assert '["report.monthly<br/>create · Monthly"]' in drawn.out
    assert "<br/>unmanaged · Other desk" in drawn.out
    assert '["integration.desk<br/>Desk"]' in drawn.out
    assert not moving.writes()


@pytest.mark.parametrize("form", ["mermaid", "dot", "svg"])
def test_without_a_key_it_draws_the_configuration_alone(
    world: World, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """`--offline` asks nobody, and colours nothing."""
    monkeypatch.delenv("QONVERSION_SECRET")
    world.write(BEFORE)
    drawn = world.run("graph", "--offline", "--format", form)
    assert drawn.code == 0, drawn.err
    assert "report.weekly" in drawn.out
    assert not re.search(r"create|delete|update", re.sub(r"(?s)<style>.*</style>", "", drawn.out))
    assert not world.requests()


def test_svg_is_a_picture_whose_references_point_to_the_right(moving: World) -> None:
    """Every arrow begins at a box's right side and ends left of one further to the right; no two boxes overlap."""
    drawn = ElementTree.fromstring(moving.run("graph", "--format", "svg").out)  # noqa: S314 - made by ourselves
    boxes = [
        (float(each.get("x", 0)), float(each.get("y", 0))) for each in drawn.findall(f".//{SVG}g[@class]/{SVG}rect")
    ]
    assert len(boxes) == len(set(boxes)) == 6
    for path in drawn.findall(f"{SVG}path[@class='edge']") + drawn.findall(f"{SVG}path[@class='edge dropped']"):
        numbers = [float(number) for number in re.findall(r"[\d.]+", path.get("d", ""))]
        assert numbers[0] < numbers[-2]
    styles = sorted(each.get("class", "") for each in drawn.findall(f".//{SVG}g"))
    assert styles == ["node", "node create", "node delete", "node delete", "node unmanaged", "node update"]


@pytest.fixture
def hostile() -> Graph:
    """A graph of hostile names."""
    nodes = tuple(Node(f"report.r{number}", "report", name, "create") for number, name in enumerate(HOSTILE))
    return Graph(nodes, ((nodes[0].address, nodes[1].address),))


def test_mermaid_reads_no_name_as_its_own(hostile: Graph) -> None:
    """Between its quotes stand letters, digits, harmless marks and Mermaid's own numbered entities, nothing else."""
    lines = render_mermaid(hostile).splitlines()
    labels = [line for line in lines if re.match(r"  n\d+\[", line)]
    assert len(labels) == len(HOSTILE)
    for line in labels:
        assert re.fullmatch(r'  n\d+\["(?:[\w .,/()+~=±·…-]|#\d+;|<br/>)*"\]', line), line
    others = [line for line in lines if line not in labels]
    assert [re.sub(r"\bn\d\b", "n", line).split(" fill")[0] for line in others] == [
        "flowchart LR",
        "  n --> n",
        "  classDef create",
        "  class n,n,n,n,n,n,n create",
    ]


def test_dot_reads_no_name_as_its_own(hostile: Graph) -> None:
    """A label ends where its node ends, and says the name when its escapes are taken back."""
    lines = [line for line in render_dot(hostile).splitlines() if re.match(r"  n\d+ \[", line)]
    assert len(lines) == len(HOSTILE)
    for line, name in zip(lines, HOSTILE, strict=True):
        found = re.fullmatch(r'  n\d+ \[label="((?:[^"\\]|\\.)*)", color="#\w+", fillcolor="#\w+"\];', line)
        assert found, line
        said = re.sub(r"\\(.)", r"\1", found[1].split("create · ")[1]).replace("&amp;", "&")
        assert said == name.replace("\n", "\\n").replace("\u202e", "\\u202e")


def test_svg_reads_no_name_as_its_own(hostile: Graph) -> None:
    """The names are texts of a document that is whole, and no elements of their own."""
    drawn = ElementTree.fromstring(render_svg(hostile))  # noqa: S314 - made by ourselves
    allowed = {"svg", "title", "style", "rect", "path", "g", "text"}
    assert {each.tag.removeprefix(SVG) for each in drawn.iter()} == allowed
    titles = [each.text or "" for each in drawn.findall(f".//{SVG}g/{SVG}title")]
    assert any(HOSTILE[4] in title for title in titles)


def test_in_a_large_graph_alike_objects_are_one_box(world: World) -> None:
    """By what they refer to and by what happens to them; DOT draws all. The picture is low enough for a page."""
    resources = {
        "integrations": {
            f"i{number:02d}": {"title": f"I{number}", "integration": "webhooks", "target_platform": "iOS"}
            for number in range(20)
        },
        "reports": {
            f"r{number:03d}": report(f"R{number}") | {"destinations": [{"integration": f"i{number % 20:02d}"}]}
            for number in range(212)
        },
    }
    world.settle(json.dumps(resources))
    resources["reports"]["r007"]["send_at"] = "11:00"
    world.write(json.dumps(resources))
    drawn = world.run("graph")
    assert drawn.err == ""
    assert len(re.findall(r"^  n\d+\[", drawn.out, re.MULTILINE)) == 41
    assert drawn.out.count('["11 reports<br/>') == 11
    assert '["10 reports<br/>R27, R47, …"]' in drawn.out
    assert '["report.r007<br/>update · R7"]' in drawn.out
    assert len(re.findall(r" --> ", drawn.out)) == 21
    svg = ElementTree.fromstring(world.run("graph", "--format", "svg").out)  # noqa: S314 - made by ourselves
    assert int(svg.get("height", 0)) <= 1200
    assert len(re.findall(r"label=", world.run("graph", "--format", "dot").out)) == 232


@pytest.mark.parametrize("changing", [100, 300])
def test_of_too_many_changes_the_gravest_are_drawn_with_what_they_refer_to(changing: int) -> None:
    """A picture of a hundred boxes without a single reference would show nothing."""
    reports = [Node(f"report.r{number:03d}", "report", "", "create") for number in range(changing)]
    own = [Node(f"integration.i{number:03d}", "integration", "") for number in range(changing)]
    nodes = (*reports, *own, Node("report.zzz", "report", "", "delete"), Node("integration.a", "integration", ""))
    pairs = [
        (one.address, target) for one, i in zip(reports, own, strict=True) for target in (i.address, "integration.a")
    ]
    text = render_svg(Graph(nodes, tuple(pairs), (("report.zzz", "integration.a"),)))
    assert text.count('<g class="node') == 100
    assert "report.zzz" in text
    assert text.count('class="edge"') == 98
    assert f"100 of {2 * changing + 2} boxes are drawn: the gravest changes" in text


@for_all("name", ["1. First", "- dash", "2) two", "* star", "+ plus", "-", "10."])
def test_mermaid_takes_no_label_for_a_list(name: str) -> None:
    """No line of a label begins as an item of a list does in Markdown, which some versions of Mermaid do not draw."""
    graph = Graph((Node("report.a", "report", name), Node("report.b", "report", name, "delete")))
    labels = re.findall(r'\["(.*)"\]', render_mermaid(graph))
    lines = [
        re.sub(r"#(\d+);", lambda found: chr(int(found[1])), line) for each in labels for line in each.split("<br/>")
    ]
    assert lines == ["report.a", f"· {name}", "report.b", f"delete · {name}"]


def test_references_in_a_circle_are_drawn_too() -> None:
    """No kind of today can do it; a picture that never ends would be the wrong answer of a kind of tomorrow."""
    nodes = tuple(Node(f"report.{name}", "report", name) for name in "abc")
    circle = Graph(nodes, (("report.a", "report.b"), ("report.b", "report.c"), ("report.c", "report.a")))
    assert render_svg(circle).count('class="edge"') == 3


@for_all("seed", range(25))
def test_whatever_refers_to_whatever_no_box_hides_another(seed: int) -> None:
    """In random graphs without circles each reference points to the right, and boxes stand apart from each other."""
    chance = random.Random(seed)  # noqa: S311 - chance for a test
    names = [f"report.n{number}" for number in range(chance.randint(1, 30))]
    pairs = [(one, other) for index, one in enumerate(names) for other in names[index + 1 :]]
    edges = tuple(sorted(chance.sample(pairs, min(len(pairs), chance.randint(0, 60)))))
    graph = Graph(tuple(Node(name, "report", "") for name in names), edges)
    drawn = ElementTree.fromstring(render_svg(graph))  # noqa: S314 - made by ourselves
    spots = {
        each.findtext(f"{SVG}title", ""): (float(box.get("x", 0)), float(box.get("y", 0)))
        for each in drawn.findall(f"{SVG}g")
        if (box := each.find(f"{SVG}rect")) is not None
    }
    assert set(spots) == set(names)
    assert all(spots[source][0] < spots[target][0] for source, target in edges)
    height = float(drawn.findall(f"{SVG}g/{SVG}rect")[0].get("height", 0))
    columns: dict[float, list[float]] = {}
    for x, y in spots.values():
        columns.setdefault(x, []).append(y)
    for rows in map(sorted, columns.values()):
        assert all(below - above > height for above, below in pairwise(rows))
    assert max(y for _, y in spots.values()) + height < float(drawn.get("height", 0))
