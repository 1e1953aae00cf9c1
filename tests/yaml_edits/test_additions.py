"""Resources and imports into files of people: what is added, and that nothing else moves."""

from __future__ import annotations

from pathlib import Path

import pytest
from offenders import for_all

from reconciler.errors import ConfigurationInvalid, Refused
from reconciler.yaml.edit import add_to

FILE = Path("team/reports.yaml")
NEW = {"name": "New", "send_at": "09:00", "destinations": [{"integration": "a"}, {"type": "t", "id": "012"}]}
SHORT = {"name": "No"}
LINE = {"to": "report.x", "id": "012"}


def added(text: str, section: str = "reports", key: str = "new", fields: object = None) -> str:
    """The text of a file with one more resource."""
    return add_to(FILE, text, section, {key: fields or SHORT}).after


def test_a_new_file_gets_just_the_section() -> None:
    """Indented as the README is, ambiguous texts in quotes."""
    edit = add_to(FILE, "", "reports", {"new": NEW})
    assert (edit.path, edit.before) == (FILE, "")
    assert edit.after == (
        'reports:\n  new:\n    name: New\n    send_at: "09:00"\n    destinations:\n'
        '      - integration: a\n      - {type: t, id: "012"}\n'
    )
    assert edit.content == edit.after.encode()


@pytest.mark.parametrize("head", ["", "# only a comment\n", "\n\n", "---\n", "# c\n---\n# d\n"])
def test_a_file_that_says_nothing_keeps_what_it_has(head: str) -> None:
    """The section comes behind the comments."""
    assert added(head) == f"{head}reports:\n  new:\n    name: No\n".replace("No", '"No"')


def test_a_resource_comes_at_the_end_of_its_section() -> None:
    """With the file's indentation, behind the comments that are indented as resources, before the next section."""
    before = """# top
reports:   # of the team
    daily: # every day
        name: Daily # its name
        destinations:
        - integration: a   # first
    # weekly is off:
    # weekly: {}

# everything else
automations:
    flow: {name: x}
"""
    after = before.replace(
        "    # weekly: {}\n",
        """    # weekly: {}
    new:
        name: New
        send_at: "09:00"
        destinations:
        - integration: a
        - {type: t, id: "012"}
""",
    )
    assert added(before, fields=NEW) == after


def test_blank_lines_between_resources_are_taken_up() -> None:
    """Where the last two resources are apart, the new one is too."""
    before = "reports:\n\n  a:\n    name: A\n\n  b:\n    name: B\n\n\n"
    assert added(before) == 'reports:\n\n  a:\n    name: A\n\n  b:\n    name: B\n\n  new:\n    name: "No"\n\n\n'


@for_all(
    ("before", "after"),
    [
        ("x-a: {x: 1}", 'x-a: {x: 1}\nreports:\n  new:\n    name: "No"\n'),
        ("reports:\n  a:\n    n: 1", 'reports:\n  a:\n    n: 1\n  new:\n    name: "No"\n'),
        ("reports:\n  a: {n: 1}", 'reports:\n  a: {n: 1}\n  new:\n    name: "No"\n'),
        ("automations:\n  a: {n: 1}", 'automations:\n  a: {n: 1}\nreports:\n  new:\n    name: "No"\n'),
        ("reports:\r\n  a:\r\n    n: 1\r\n", 'reports:\r\n  a:\r\n    n: 1\r\n  new:\r\n    name: "No"\r\n'),
        ("\ufeffreports:\n a: {}\n", '\ufeffreports:\n a: {}\n new:\n  name: "No"\n'),
        ("reports:\n  a: {n: 1}\t# tab\there\n", 'reports:\n  a: {n: 1}\t# tab\there\n  new:\n    name: "No"\n'),
        ("reports:\n  ä😀: {n: 1}\n", 'reports:\n  ä😀: {n: 1}\n  new:\n    name: "No"\n'),
        (
            "reports:\n      a:\n            n: 1\n",
            'reports:\n      a:\n            n: 1\n      new:\n            name: "No"\n',
        ),
        ("reports: # none\n", 'reports: # none\n  new:\n    name: "No"\n'),
        ("reports: {} # none\n", 'reports: # none\n  new:\n    name: "No"\n'),
        ("reports: null\nx-a: 1\n", 'reports:\n  new:\n    name: "No"\nx-a: 1\n'),
        ("reports:\nx-a: 1\n", 'reports:\n  new:\n    name: "No"\nx-a: 1\n'),
        ("reports: {a: {k: 1}} # f\n", 'reports: {a: {k: 1}, new: {name: "No"}} # f\n'),
        ("reports: {a: {k: it's}} # '\n", "reports: {a: {k: it's}, new: {name: \"No\"}} # '\n"),
        ("reports:\n  a:\n    t: |\n      x\n\n\n", 'reports:\n  a:\n    t: |\n      x\n  new:\n    name: "No"\n\n\n'),
        ("reports:\n  a: &x\n    n: 1\n  b: *x\n", 'reports:\n  a: &x\n    n: 1\n  b: *x\n  new:\n    name: "No"\n'),
        (
            "x-d: &d {n: 1}\nreports:\n  a:\n    <<: *d\n",
            'x-d: &d {n: 1}\nreports:\n  a:\n    <<: *d\n  new:\n    name: "No"\n',
        ),
        (
            "reports:\n  a: {n: 1}\n---\n# second\nautomations:\n  b: {n: 1}\n...\n",
            'reports:\n  a: {n: 1}\n  new:\n    name: "No"\n---\n# second\nautomations:\n  b: {n: 1}\n...\n',
        ),
        (
            "--- # one\nx-a: 1\n---\nx-b: 1\n...\n",
            '--- # one\nx-a: 1\n---\nx-b: 1\nreports:\n  new:\n    name: "No"\n...\n',
        ),
        ("x-a: 1\n--- null\n", 'x-a: 1\nreports:\n  new:\n    name: "No"\n--- null\n'),
    ],
)
def test_nasty_files_keep_every_line(before: str, after: str) -> None:
    """Byte order marks, line breaks, flow style, several documents, block scalars, no last line end, comments."""
    assert added(before) == after


def test_a_long_line_and_a_long_file_are_no_matter() -> None:
    """Lines of any length stay whole."""
    before = "reports:\n  a: {n: " + "x" * 100_000 + "} # " + "y" * 10_000 + "\n"
    assert added(before) == before + '  new:\n    name: "No"\n'


@for_all(
    ("text", "says"),
    [
        ("reports: &r {a: {}}\nx-b: *r\n", "reports.yaml:1:10: reports cannot be added to: it is written with &r"),
        ("x-b: &r {a: {}}\nreports: *r\n", "reports.yaml:2:10: reports cannot be added to: it is written with \\*r"),
        ("x-b: &r\n  a: {}\nreports: &s\n  b: *r\n", "reports.yaml:3:10: .* it is written with &s"),
        ("x-b: &r {a: {}}\nreports: {<<: *r}\n", "reports.yaml:2:10: .* it holds <<"),
        ("reports: [1]\n", "reports.yaml:1:10: .* is no map"),
        ("- 1\n", "a document that is no map of sections"),
        ("reports:\n  ? a\n  : n: 1\n", "is not written as `key: value` on lines of its own"),
        ("reports: {\n  a: {n: 1}, # one\n}\n", "is written on several lines"),
        ("reports: {a: {k: [1,\n2]}} # {\n", "is written on several lines"),
        ("{reports: {a: {n: 1}}}\n", "is not in a map of sections in block style"),
        ('{"reports": {}}', "is not in a map of sections in block style"),
        ("{}\n", "is not in a map of sections in block style"),
        ("reports:\n  a:\n    n: |\n      x", "cannot be edited by itself as it is written here"),
        ("reports:\n  a:\n    t: |+\n      x\n\n\n", "cannot be edited by itself as it is written here"),
        ("x-a: &a {reports: {a: {}}}\n---\njust text\n", "a document that is no map of sections"),
    ],
)
def test_what_cannot_be_added_to_is_refused(text: str, says: str) -> None:
    """Uncommon styles, what is shared: with the place and why; nothing is given."""
    with pytest.raises(Refused, match=says):
        added(text)


def test_a_refusal_shows_what_to_write_by_hand() -> None:
    """The hint is YAML."""
    with pytest.raises(Refused) as refused:
        added("x-b: &r {a: {}}\nreports: *r\n")
    assert refused.value.hint == 'write it by hand:\nreports:\n  new:\n    name: "No"'


def test_a_file_with_problems_is_not_edited() -> None:
    """Its problems are said."""
    with pytest.raises(ConfigurationInvalid) as invalid:
        added("a: [\n")
    assert len(invalid.value.problems) == 1


@pytest.mark.parametrize(
    "value",
    [float("nan"), object(), {1: 2}, {"${var.x}": 1}, "\ud800", 10**600, b"bytes"],
    ids=lambda each: type(each).__name__,
)
def test_what_yaml_cannot_say_is_refused(value: object) -> None:
    """Not a traceback, and not something else."""
    with pytest.raises(Refused):
        added("reports: {}\n", fields={"data": {"x": [value]}})


def test_live_text_that_looks_like_a_variable_stays_text() -> None:
    """`${` is written `$${`."""
    assert added("", fields={"name": "${var.x} $${"}) == "reports:\n  new:\n    name: $${var.x} $$${\n"


@for_all(
    ("before", "after"),
    [
        ("", 'imports:\n  - {to: report.x, id: "012"}\n'),
        ("reports:\n  a: {}\n", 'reports:\n  a: {}\nimports:\n  - {to: report.x, id: "012"}\n'),
        ("imports: []\n", 'imports:\n  - {to: report.x, id: "012"}\n'),
        ("imports: # l\n", 'imports: # l\n  - {to: report.x, id: "012"}\n'),
        ("imports:\n- {to: r, id: a} # c\n", 'imports:\n- {to: r, id: a} # c\n- {to: report.x, id: "012"}\n'),
        ("imports:\n- to: r\n  id: a\n#\n", 'imports:\n- to: r\n  id: a\n#\n- to: report.x\n  id: "012"\n'),
        ("imports: [{to: r, id: a}]\n", 'imports: [{to: r, id: a}, {to: report.x, id: "012"}]\n'),
    ],
)
def test_an_import_comes_at_the_end_of_the_list(before: str, after: str) -> None:
    """As the list is written."""
    assert add_to(FILE, before, "imports", [LINE]).after == after


@pytest.mark.parametrize("text", ["imports: {a: 1}\n", "x: &a []\nimports: *a\n"])
def test_a_list_that_is_none_or_shared_is_refused(text: str) -> None:
    """Nothing is given."""
    with pytest.raises(Refused):
        add_to(FILE, text, "imports", [LINE])


def test_additions_follow_one_another() -> None:
    """The text after one is the text before the next."""
    first = add_to(FILE, "", "reports", {"a": SHORT}).after
    second = add_to(FILE, first, "imports", [LINE]).after
    third = add_to(FILE, second, "reports", {"b": SHORT}).after
    assert third == ('reports:\n  a:\n    name: "No"\n  b:\n    name: "No"\nimports:\n  - {to: report.x, id: "012"}\n')
