"""`shoplake demo`: the main job from end to end, told as it goes."""

import typer

from shoplake.cli.options import JsonOption
from shoplake.cli.output import Output
from shoplake.core.settings import load_settings


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(as_json: JsonOption = False) -> None:
    """Run two shop days end to end, from PostgreSQL through Airflow to published numbers; the stack stays up.

    A normal day and a day with a flash sale are generated, ingested and
    transformed. Run it again and the shop's clock goes on.

    Example: shoplake demo
    """
    from shoplake.core.errors import ServiceError
    from shoplake.demo import run_demo

    output = Output(as_json)
    with output.progress() as progress:
        made = run_demo(load_settings(), output.note, progress)
    rows = [(name, *counts) for name, counts in made.source_rows.items()]
    output.table("rows", ("table", "postgresql", "bronze_changes", "silver"), rows, title="\nRows")
    output.table("gold", ("table", "rows"), list(made.gold_rows.items()))
    normal, sale = (day.isoformat() for day in made.days)
    kpis = [(name, before, after, round(float(after / before), 2) if before else None) for name, (before, after) in made.kpis.items()]
    output.table("kpis", ("kpi", f"normal day {normal}", f"flash sale {sale}", "ratio"), kpis, title="\nKPIs")
    output.table("seconds", ("step", "seconds"), [(name, round(value, 1)) for name, value in made.seconds.items()], title="\nTime")
    output.fields("release", {"release": made.release_id, "checks": f"{made.checks_passed} of {made.checks} passed"})
    output.say("\nThe stack stays up, and the shop goes on live; `make down` stops it.")
    for page in made.pages:
        output.say(page.line)
    output.say("\nPut the commands on your PATH with `source .venv/bin/activate`, then try `shoplake scenario switch flash_sale`.")
    output.close()
    if made.unanswered:
        raise ServiceError(f"demo: {', '.join(made.unanswered)} did not answer. Look at `shoplake status`, then repeat.")
