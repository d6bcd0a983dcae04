"""`shoplake`: collects the command groups and turns failures into sentences."""

import errno
import os
import signal
import sys

import typer
from typer.main import get_command

from shoplake.cli import (
    bench,
    build,
    check,
    compare,
    demo,
    docs,
    explain,
    generate,
    ingest,
    maintain,
    preview,
    release,
    run,
    scenario,
    score,
    shop,
    sql,
    stack,
    watch,
)
from shoplake.cli.usage import Commands
from shoplake.core.errors import SettingsError, ShoplakeError, StorageError, first_line

# What a shell gives a command that SIGINT ended, and Typer too.
_INTERRUPTED = 128 + signal.SIGINT

app = Commands(
    name="shoplake",
    help="An e-commerce lakehouse: a shop in PostgreSQL, captured into Iceberg, refined by Spark, checked, published.\n\n"
    "Every command takes --debug, which shows the traceback of a failure.",
    callback=lambda: None,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for group in (
    bench,
    build,
    check,
    compare,
    demo,
    docs,
    explain,
    generate,
    ingest,
    maintain,
    preview,
    release,
    run,
    scenario,
    score,
    shop,
    sql,
    stack,
    watch,
):
    group.register(app)


def main() -> None:
    """Run the command line; the exit code is that of the error tree, 130 after Ctrl-C, 1 where the reader of a pipe went away."""
    for name in ("NO_PROXY", "no_proxy"):
        # Every service of ours is on this machine; a proxy would not find it.
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), "127.0.0.1", "localhost")))
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        exit_code = _run(arguments, debug="--debug" in sys.argv)
        sys.stdout.flush()
    except BrokenPipeError:
        # What is still buffered would fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        exit_code = 1
    sys.exit(exit_code)


def _run(arguments: list[str], debug: bool) -> int:
    try:
        exit_code = int(app(args=arguments, standalone_mode=False) or 0)
    except BrokenPipeError:
        raise
    except Exception as problem:
        if debug:
            raise
        exit_code, words = _explained(problem, arguments)
        sys.stderr.write(f"{words}\n")
    if exit_code == _INTERRUPTED:
        sys.stderr.write("shoplake: interrupted. Repeat the command to go on.\n")
    return exit_code


def _explained(problem: Exception, arguments: list[str]) -> tuple[int, str]:
    """Exit code and sentence of what ended a command."""
    if isinstance(problem, ShoplakeError):
        return problem.exit_code, " ".join((str(problem), *getattr(problem, "__notes__", ())))
    if isinstance(problem, typer.TyperException):
        return problem.exit_code, _usage(problem.format_message(), _command(arguments))
    if isinstance(problem, typer.Abort):
        if isinstance(problem.__context__, KeyboardInterrupt):
            return _INTERRUPTED, ""
        return SettingsError.exit_code, "\nshoplake: nobody answered the question, so nothing was done. Answer it, or give --yes."
    if isinstance(problem, OSError) and problem.errno == errno.ENOSPC:
        return StorageError.exit_code, f"shoplake: a disk of this machine is full ({first_line(problem)}). Make room on it, then repeat."
    told = f"{type(problem).__name__}: {first_line(problem)}"
    return ShoplakeError.exit_code, f"shoplake: this should not have happened ({told}). Repeat with --debug, and report what it shows."


def _usage(message: str, command: str) -> str:
    """What is wrong with the words of the command line, and where it says what they may be."""
    if message.startswith("Usage: "):
        return message  # The help itself, for a group without a command.
    sentence = " ".join(message.removeprefix("Invalid value: ").split()).rstrip(".")
    end = "" if sentence.endswith("?") else "."
    return f"{command}: {sentence[0].lower()}{sentence[1:]}{end} `{command} --help` shows what it takes."


def _command(arguments: list[str]) -> str:
    """The command that the first words name, as far as there is one."""
    words = ["shoplake"]
    known = getattr(get_command(app), "commands", {})
    for argument in arguments:
        if argument not in known:
            break
        words.append(argument)
        known = getattr(known[argument], "commands", {})
    return " ".join(words)
