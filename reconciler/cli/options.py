"""The options that several commands share, and the values that they become."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial, reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import click

from reconciler import commands
from reconciler.errors import ALLOWABLE, DELETE, GUARD, ReconcilerError, WrongUsage
from reconciler.lazy import load
from reconciler.output import FORMS

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from reconciler.commands.environments import Environments
    from reconciler.commands.session import Session
    from reconciler.plan.guards import Options

Command = TypeVar("Command", bound=Callable[..., Any])
Files = tuple[tuple[str, Path], ...]


class NeverSuggested(click.Option):
    """An option that destroys, overwrites, or passes a guard: no mistake is answered with it."""


flag = partial(click.option, is_flag=True)
unsafe_option = partial(click.option, cls=NeverSuggested)
unsafe_flag = partial(flag, cls=NeverSuggested)


class OneOf(click.Choice):  # type: ignore[type-arg] # click 8.1 has it, too, and there it takes none
    """A word of a list."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The word. WrongUsage if it is another one."""
        if value in self.choices:
            return value
        raise make_error(param, value, f"one of {', '.join(self.choices)}", ctx)


class Guard(OneOf):
    """A guard or `policy:NAME`, if there are guards, or `delete:KIND` of a kind whose deletes are closed."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The word. WrongUsage if it is another one."""
        if self.choices and value.startswith(GUARD):
            return value  # whether there is such a policy shows once the configuration is read
        closed = (DELETE + kind.name for kind in load("reconciler.kinds:KINDS").values() if kind.endpoints.closed)
        return OneOf((*self.choices, *closed)).convert(value, param, ctx)


class WholeNumber(click.IntRange):
    """A whole number within bounds."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number. WrongUsage if it is none, or out of bounds."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            most = "" if self.max is None else f" to {self.max}"
            raise make_error(param, value, f"a whole number from {self.min}{most}", ctx) from None


def make_error(param: click.Parameter | None, value: object, expected: str, ctx: click.Context | None) -> WrongUsage:
    """The error of a value that an option does not take."""
    return WrongUsage(f"{find_name(param)} {value}: expected {expected}", hint=make_hint(ctx))


def find_name(param: click.Parameter | None) -> str:
    """`--target`, or the metavar of an argument."""
    if isinstance(param, click.Option):
        return param.opts[0]
    name = param.human_readable_name if param else "a value"
    return name[1:-1] if name.startswith("[") else name


def make_hint(ctx: click.Context | None) -> str:
    """Where the options of a command are listed."""
    return f"`{ctx.command_path if ctx else 'reconciler'} --help` lists what it takes"


def complete(names: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """The completion of a word in the shell: by `list_NAMES` of `commands.completion`."""

    def find(ctx: click.Context, _param: click.Parameter, word: str) -> list[str]:
        # click leaves PATH among the other words if the last one is an option that lacks its value.
        named = (*filter(os.path.isdir, ctx.args), ctx.params.get("path"), ctx.params.get("configuration"), ".")
        with suppress(ReconcilerError, OSError):
            found = getattr(commands.completion, f"list_{names}")(Path(next(filter(None, named))))
            return [each for each in found if each.startswith(word)]
        return []

    return find


def form_option(forms: Sequence[str], text: str = "What stdout gets.") -> Callable[[Command], Command]:
    """`--format`, with the first form as its default. `text` is its help."""
    return click.option("--format", "form", type=OneOf(forms), default=forms[0], show_default=True, help=text)


def combine(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """These options as one decorator. The help lists them in this order."""
    return lambda command: reduce(lambda made, option: option(made), reversed(options), command)


def _require_order(ctx: click.Context, last: click.Parameter, path: Path) -> Path:
    """PATH, the last word. If it was left out or does not exist: WrongUsage for an address, or for a path before it."""
    words = {it: ctx.params.get(it.name or "", path) for it in ctx.command.params if isinstance(it, click.Argument)}
    is_sure = find_given("path") and os.path.lexists(path)
    is_all = len(words) > 1 and not is_sure and all(isinstance(word, str | Path) for word in words.values())
    for each, word in words.items() if is_all else ():
        kind, _, key = str(word).partition(".")
        is_address = key not in ("", "yaml", "yml") and kind in load("reconciler.kinds:KINDS")
        if is_address != os.path.lexists(word) and is_address is (each is last):
            order = f"the order is `{ctx.command_path} {' '.join(map(find_name, words))}`"
            raise make_error(each, word, f"no {'address' if is_address else 'path'} here; {order}", ctx)
    return path


FILE = click.Path(path_type=Path, dir_okay=False)
path_argument = click.argument("path", type=click.Path(path_type=Path), default=".", callback=_require_order)
format_option = form_option(["text", "json"])


def _require_one(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> str | None:
    """The environment that is named. WrongUsage if several are: one of them would be ignored."""
    if len({*values}) > 1:
        raise make_error(param, ", ".join(values), "one environment; run this once for each of them", ctx)
    return values[0] if values else None


_environment = partial(
    click.option, "--environment", "-e", multiple=True, metavar="NAME", shell_complete=complete("environments")
)
environment_option = _environment(
    callback=_require_one, help="The environment of reconciler.yaml; needed if there are several."
)
environments_option = combine(
    _environment(
        "environments", help="An environment of reconciler.yaml, or a pattern: 'chess-*'. May be given several times."
    ),
    flag("--all", "every", help="Every environment of reconciler.yaml."),
)
debug_option = combine(
    flag("--debug", help="Show each request on stderr, without the key and bodies."),
    # cli.main reads it before anything else.
    click.option(
        "--log-format",
        type=OneOf(["text", "json"]),
        envvar="RECONCILER_LOG_FORMAT",
        expose_value=False,
        help="What stderr gets: text, or JSON lines for programs. Also from RECONCILER_LOG_FORMAT.",
    ),
)
api_options = combine(
    click.option(
        "--api-url", metavar="URL", help="The API's address, or simulator:FILE. Also from QONVERSION_API_URL."
    ),
    click.option(
        "--parallelism", type=WholeNumber(1, 64), default=10, show_default=True, metavar="N", help="Requests at once."
    ),
    debug_option,
)
connection_options = combine(environment_option, api_options)
many_connection_options = combine(environments_option, api_options)
bare_target_option = partial(
    click.option, "--target", shell_complete=complete("addresses"), multiple=True, metavar="ADDRESS"
)
target_option = bare_target_option(
    help="Only this address, with what it needs; or a pattern: 'report.chess-*'. May be given several times."
)


def _parse_reports(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> Files:
    """`html=plan.html` is the form html and the file plan.html."""
    for value in values:
        form, _, file = value.partition("=")
        if form not in FORMS or not file:
            raise make_error(param, value, f"FORM=FILE, FORM one of {', '.join(FORMS)}", ctx)
    return tuple((form, Path(file)) for form, _, file in (value.partition("=") for value in values))


plan_options = combine(
    many_connection_options,
    click.option(
        "--report",
        "reports",
        callback=_parse_reports,
        shell_complete=lambda ctx, param, word: [f"{form}=" for form in FORMS if form.startswith(word)],
        multiple=True,
        metavar="FORM=FILE",
        help="Also write the plan into a file, for example html=plan.html. May be given several times.",
    ),
    click.option(
        "--base",
        metavar="REF",
        help="Compare with the merge base of HEAD and REF: origin/main, or HEAD^ after a merge.",
    ),
    flag("--only-scope", help="With --base: leave out what is not due to the changes since, and not needed by them."),
    flag("--strict-scope", help="With --base: refuse if something is planned that is not due to the changes since."),
    target_option,
    unsafe_flag("--prune", help="Also delete live objects that are not managed."),
    unsafe_option(
        "--max-deletes",
        type=WholeNumber(0),
        metavar="N",
        help="Delete or replace up to N objects of an environment, and no more.",
    ),
    unsafe_option(
        "--allow",
        type=Guard((*ALLOWABLE, f"{GUARD}NAME")),
        metavar=f"[{'|'.join(ALLOWABLE)}|{GUARD}NAME|{DELETE}KIND]",
        multiple=True,
        help="Pass this guard, once you know why it refuses. delete:KIND lets objects of a closed kind go.",
    ),
    flag("--detailed-exitcode", help="Exit with 2 if something is left to do, with 0 if not."),
)


class ApiFlags(TypedDict, total=False):
    """What the options of the API and the environments read: of each command, the values of those that it has."""

    api_url: str | None
    parallelism: int
    debug: bool
    environment: str | None
    environments: tuple[str, ...]
    every: bool


class PlanFlags(ApiFlags):
    """What `plan_options` read, and `--format`."""

    form: str
    reports: Files
    target: tuple[str, ...]
    prune: bool
    max_deletes: int | None
    allow: tuple[str, ...]
    detailed_exitcode: bool
    base: str | None
    only_scope: bool
    strict_scope: bool


def open_session(path: Path, flags: ApiFlags) -> AbstractContextManager[Session]:
    """The session of the environment that the flags name."""
    return make_environments(path, [flags["environment"]] if flags["environment"] else [], flags).open()


def choose_environments(path: Path, flags: ApiFlags) -> Environments:
    """The environments that the flags name."""
    names = commands.environments.choose_names(path, flags["environments"], every=flags["every"])
    return make_environments(path, names, flags)


def make_environments(path: Path, names: Sequence[str], flags: ApiFlags) -> Environments:
    """The environments of these names, or the only one if there is no name."""
    return commands.environments.Environments(path, names, flags["api_url"], flags["parallelism"], flags["debug"])


def read_options(flags: PlanFlags) -> Options:
    """The options of a plan. WrongUsage if a flag needs `--base` and that is not given."""
    used = find_given("only_scope", "strict_scope")
    if used and flags["base"] is None:
        raise WrongUsage(f"{' and '.join(used)} needs --base", hint="--base origin/main, or --base HEAD^ after a merge")
    make: Callable[..., Options] = load("reconciler.plan.guards:Options")
    scope = {name: flags[name] for name in ("base", "only_scope", "strict_scope")}
    return make(flags["target"], flags["prune"], flags["max_deletes"], frozenset(flags["allow"]), **scope)


def find_given(*names: str) -> list[str]:
    """Those of these parameters that the command line has, by their option names."""
    ctx, default = click.get_current_context(), click.core.ParameterSource.DEFAULT
    params = {each.name: each for each in ctx.command.params}
    return [find_name(params[name]) for name in names if ctx.get_parameter_source(name) is not default]
