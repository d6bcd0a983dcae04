"""`shoplake`: collects the command groups and turns failures into sentences."""

import os
import sys

import typer

from shoplake.cli import bench, build, demo, generate, ingest, release, scenario, stack
from shoplake.core.errors import ShoplakeError

app = typer.Typer(
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

for group in (bench, build, demo, generate, ingest, release, scenario, stack):
    group.register(app)


def main() -> None:
    """Run the command line; the exit code is that of the error tree."""
    debug = "--debug" in sys.argv
    for name in ("NO_PROXY", "no_proxy"):
        # Every service of ours is on this machine; a proxy would not find it.
        os.environ[name] = ",".join(filter(None, (os.environ.get(name), "127.0.0.1", "localhost")))
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        app(args=arguments)
    except ShoplakeError as problem:
        if debug:
            raise
        sys.stderr.write(f"{problem}\n")
        sys.exit(problem.exit_code)
