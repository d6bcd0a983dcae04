"""`shoplake compare`: what a scenario truly does to the shop, against a twin that does without it."""

import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shoplake.cli.ending import asked_to_end
from shoplake.cli.options import JsonOption
from shoplake.cli.output import Output
from shoplake.core.progress import Progress
from shoplake.core.settings import load_settings

if TYPE_CHECKING:
    from gen_data.compare import Comparison, Period
    from gen_data.compare.kpis import Number


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(compare)


def compare(
    scenario: Annotated[str, typer.Argument(help="Name of a scenario, or of several at once: flash_sale+fraud_attack.")],
    base: Annotated[str, typer.Argument(help="What it is compared with.")] = "normal_day",
    days: Annotated[
        int | None, typer.Option(help="Days under the scenario. Default: as many as it needs to show what it promises.")
    ] = None,
    days_after: Annotated[int, typer.Option(help="Normal days after them, in which parcels arrive and goods come back.")] = 14,
    orders_per_day: Annotated[int, typer.Option(help="Orders of a normal day.")] = 500,
    seed: Annotated[int | None, typer.Option(help="Seed of both shops. Default: 42.")] = None,
    warm_up: Annotated[int, typer.Option(help="Normal days before, which both shops have in common.")] = 7,
    intensity: Annotated[float, typer.Option(help="How many times as strong the scenario is, 0.1 to 10.")] = 1.0,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for CSV files of the KPIs and of the orders that differ; it is made.", file_okay=False),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a scenario truly does to every KPI, and which orders make the difference.

    Two shops of one seed live through the same days, one with the scenario and one without, in databases of their own that are dropped
    at the end. The shop itself is not touched. The stack's PostgreSQL must run: shoplake up postgres.

    Example: shoplake compare flash_sale normal_day --orders-per-day 1000
    """
    from gen_data.compare import agree, live_apart
    from gen_data.compare import compare as run
    from gen_data.compare import warm_up as warm
    from gen_data.compare.files import make_folder, write_files
    from shoplake.stack.scratch import scratch_shops

    output, started = Output(as_json), time.monotonic()
    terms = agree(scenario, base, intensity, days, days_after)
    if out is not None:
        make_folder(out)
    with scratch_shops(load_settings()) as shops, output.progress() as bars:
        progress = _until_asked(output, bars)
        past = warm(shops.empty(), warm_up, orders_per_day, seed, progress)
        compared = run(live_apart(shops.copy_of, past, terms, progress))
    twins = compared.twins
    output.fields(
        "compare",
        {
            "scenario": terms.scenario.name,
            "intensity": terms.intensity,
            "against": terms.base.name,
            "seed": str(twins.seed),
            "orders_per_day": orders_per_day,
            "compared_from": twins.begins,
            "compared_to": twins.ends,
            "known_until": twins.now,
            "seconds": time.monotonic() - started,
        },
    )
    _show(output, compared)
    if out is not None:
        output.table("files", ("file",), [(str(path),) for path in write_files(compared, out)])
    output.close()


def _until_asked(output: Output, progress: Progress) -> Progress:
    """The same progress, which ends the work with its next step after Ctrl-C or a request to terminate.

    An interrupt in the middle of a connection's opening would leave that half open, and no database could be dropped before it has timed out.
    """
    asked = asked_to_end(output, "compare", "step")

    def told(step: str, done: int, total: int | None = None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        progress(step, done, total)

    return told


def _show(output: Output, compared: "Comparison") -> None:
    from gen_data.compare.differences import CLASSES, MEANINGS

    in_all = [_in_all(compared, place) for place in range(len(compared.during.effects))]
    output.table(
        "kpis",
        ("kpi", "with", "without", "difference", "ratio", "difference_in_all"),
        [
            (one.kpi.name, *(_shown(output, value) for value in (one.shop, one.twin, one.difference, one.ratio)), whole)
            for one, whole in zip(compared.during.effects, in_all, strict=True)
        ],
        title="What the compared days brought; in all: what came before and after them included",
    )
    differences = compared.during.differences
    counts = [(name, int(differences.of_class(name).sum()), MEANINGS[name]) for name in CLASSES]
    output.table("classes", ("class", "count", "meaning"), counts, title="The orders of the compared days")
    changed = [(aspect, count) for aspect, count in differences.changed_orders().items() if count]
    if changed or output.as_json:
        output.table("changed", ("differs_in", "orders"), changed, title="What is another in the changed orders")
    _traced(output, "during", compared.during, "Which orders make the difference")
    _traced(output, "before", compared.before, "In what had come before and was still on its way")
    _traced(output, "after", compared.after, "In what came in the days after")
    if compared.verdicts or compared.unasked:
        rows: list[tuple[Any, ...]] = [(str(one.expectation), one.holds, one.value, one.normal) for one in compared.verdicts]
        rows += [(f"{one} (needs --days {one.days_later + 1})", None, None, None) for one in compared.unasked]
        output.table("expects", ("expected", "holds", "with", "without"), rows, title="What the scenario promises")


def _in_all(compared: "Comparison", place: int) -> "Number | None":
    """The difference in a KPI that can be added up, over everything that ever came."""
    found = [period.effects[place] for period in (compared.before, compared.during, compared.after)]
    return sum(one.difference or 0 for one in found) if found[0].parts is not None else None


def _traced(output: Output, name: str, period: "Period", title: str) -> None:
    """The KPIs that differ, with the classes of orders that contribute to any of them."""
    from gen_data.compare.differences import CLASSES

    moved = [(one, one.parts) for one in period.effects if one.parts is not None and one.difference]
    if not moved and not output.as_json:
        return
    classes = [klass for klass in CLASSES if output.as_json or any(parts[klass] for _, parts in moved)]
    rows = [(one.kpi.name, one.difference, *(parts[klass] for klass in classes)) for one, parts in moved]
    output.table(name, ("kpi", "difference", *classes), rows, title=title)


def _shown(output: Output, value: Any) -> Any:
    """Shares need more digits than people are otherwise shown."""
    return Decimal(f"{value:.4f}") if isinstance(value, float) and not output.as_json else value
