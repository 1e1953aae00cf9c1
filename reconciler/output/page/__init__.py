"""A plan and its outcome as an HTML page, and the graph as SVG: the templates of both, which escape every value."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from reconciler import __version__
from reconciler.output.labels import WEIGHTS
from reconciler.output.terminal import escape
from reconciler.text import format_count, truncate


def render_page(template: str, style: str, script: str, **values: Any) -> str:
    """A page of a template, with these values in it. Each is escaped, and what hides or turns the writing is shown as
    an escape.

    The page's content security policy allows its own style sheet and its own script, by their hashes, and nothing else.
    So no attribute, address or script works that came with a name.
    """
    style_hash, script_hash = (
        "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)
    )
    policy = (
        f"default-src 'none'; style-src '{style_hash}'; script-src '{script_hash}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return render(template, **values, style=style, script=script, policy=policy)


def render(template: str, *, prefix: str = "", **values: Any) -> str:
    """What a template beside this file makes of the values. `prefix`: stands before the ids of an environment's part of
    a page, and before the links to them."""
    return _load_templates().get_template(template).render(values, prefix=prefix)


@cache
def _load_templates() -> Environment:
    templates = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Without control characters; Jinja2 escapes the markup in it after this.
        finalize=lambda value: value if isinstance(value, Markup) else escape("" if value is None else str(value)),
        loader=FunctionLoader(read_part),
    )
    marks = {weight.value: label.sign for weight, label in WEIGHTS.items()}
    templates.globals |= {"counted": format_count, "escape": escape, "truncate": truncate}
    templates.globals |= {"version": __version__, "marks": marks}
    return templates


def read_part(name: str) -> str:
    """A file beside this one."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
