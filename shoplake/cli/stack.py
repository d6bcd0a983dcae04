"""`shoplake up | down | status | urls | env`: the services on this machine."""

from typing import Annotated

import typer

from shoplake.cli.options import JsonOption
from shoplake.cli.output import Output
from shoplake.core.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (up, down, status, urls, env):
        app.command()(command)


def up(
    services: Annotated[
        list[str] | None, typer.Argument(help="Services to start, with those they need; all when left out.", metavar="SERVICE")
    ] = None,
    no_shop: Annotated[bool, typer.Option("--no-shop", help="Leave the live shop out.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Start the services on this machine. What runs already is left alone.

    Example: shoplake up, or shoplake up postgres minio
    """
    from shoplake.stack.local.runner import up as run
    from shoplake.stack.services import SERVICES

    output = Output(as_json)
    names = services or [service.name for service in SERVICES if not (no_shop and service.name == "shop")]
    with output.progress() as progress:
        started = run(load_settings(), names, progress)
    for sentence in started.moved:
        output.note(sentence)
    output.fields("up", {"started": ", ".join(started.names) or "nothing: everything ran", "moved_ports": len(started.moved)})
    output.say("See `shoplake urls` for the pages and their logins.")
    output.close()


def down(
    services: Annotated[list[str] | None, typer.Argument(help="Services to stop; all when left out.", metavar="SERVICE")] = None,
    delete_data: Annotated[bool, typer.Option("--delete-data", help="Then remove all data, logs and passwords; asks first.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Stop the services. Their data stays, unless --delete-data.

    Example: shoplake down
    """
    from shoplake.stack.local import runner

    settings, output = load_settings(), Output(as_json)
    if delete_data and services:
        raise typer.BadParameter("--delete-data removes the data of all services: name none.")
    if delete_data and not yes and not typer.confirm(f"Remove the databases, the lake, logs and passwords in {settings.home}?"):
        output.note("down: nothing was stopped or removed.")
        raise typer.Exit(1)
    stopped = runner.delete_data(settings) if delete_data else runner.down(settings, services or ())
    output.fields("down", {"stopped": ", ".join(stopped) or "nothing: nothing ran"})
    if delete_data:
        output.say("The data is removed; notebooks, and what was fetched or built (the cache), stay.")
    output.close()


def status(as_json: JsonOption = False) -> None:
    """Show each service: whether it runs and answers, where, since when, the memory it holds, and what one said that ended by itself.

    Example: shoplake status
    """
    from shoplake.stack.local.runner import status as read

    output = Output(as_json)
    states = read(load_settings())
    columns = ("service", "state", "pid", "ports", "memory_mb", "uptime_seconds")
    rows = [
        (
            state.name, state.state, str(state.pid) if state.pid else None, " ".join(map(str, state.ports)) or None,
            round(state.memory_bytes / 1024**2), round(state.uptime_seconds),
        )
        for state in states
    ]  # fmt: skip
    output.table("services", columns, rows)
    output.fields("total", {"memory_mb": round(sum(state.memory_bytes for state in states) / 1024**2)})
    output.fields("ended", {state.name: state.last_words for state in states if state.last_words})
    output.close()


def urls(as_json: JsonOption = False) -> None:
    """List every page of the stack with its login, and whether it answers now.

    Example: shoplake urls
    """
    from shoplake.stack.access import addresses, answering

    output = Output(as_json)
    pages = addresses(load_settings())
    answers = answering(pages)
    if as_json:
        rows = [(page.name, page.url, page.user, page.password, is_up) for page, is_up in zip(pages, answers, strict=True)]
        output.table("urls", ("page", "url", "user", "password", "answers"), rows)
    for page, is_up in zip(pages, answers, strict=True):
        output.say(f"{page.line}{'' if is_up else '  (does not answer)'}")
    output.close()


def env(
    write: Annotated[bool, typer.Option("--write", help="Identities that may write, in place of read-only ones.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Print shell exports for psql, AWS clients, PyIceberg and Spark.

    Example: eval "$(shoplake env)"
    """
    from shoplake.stack.exports import as_shell, exports

    output = Output(as_json)
    variables = exports(load_settings(), write)
    if as_json:
        output.fields("env", variables)
    else:
        output.say(as_shell(variables).rstrip("\n"))
    output.close()
