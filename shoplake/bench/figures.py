"""A measured figure, the machine it was measured on, and the page that shows both."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import psutil

_PACKAGES = ("pyspark", "pyiceberg", "apache-airflow", "pyarrow", "psycopg")


@dataclass(frozen=True)
class Figure:
    """One measurement.

    Attributes:
        step: What was done, and on how much.
        seconds: Wall time.
        rows: Rows that it moved; None where rows say nothing.
        peak_bytes: Peak memory of the process that did it, where it was watched.
        limit: What it is compared with, measured in the same run; None where there is nothing.
        limit_seconds: How long that took.
    """

    step: str
    seconds: float
    rows: int | None = None
    peak_bytes: int | None = None
    limit: str | None = None
    limit_seconds: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times the limit's time it took."""
        return self.seconds / self.limit_seconds if self.limit_seconds else None


COLUMNS = ("step", "seconds", "rows_per_second", "peak_mib", "compared_with", "its_seconds", "ratio")


def row(figure: Figure) -> tuple[str, float, int | None, int | None, str | None, float | None, float | None]:
    """The figure in the order of :data:`COLUMNS`."""
    return (
        figure.step,
        round(figure.seconds, 2),
        round(figure.rows / figure.seconds) if figure.rows else None,
        round(figure.peak_bytes / 2**20) if figure.peak_bytes else None,
        figure.limit,
        round(figure.limit_seconds, 2) if figure.limit_seconds else None,
        round(figure.ratio, 2) if figure.ratio else None,
    )


def machine() -> str:
    """The processor, memory, system and versions in one sentence."""
    cpu = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    memory = psutil.virtual_memory().total / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"{len(os.sched_getaffinity(0))} cores ({cpu or platform.machine()}), {memory:.0f} GiB of memory, "
        f"Linux {platform.release().split('-')[0]}, Python {platform.python_version()}, {packages}"
    )


class FurtherTable(NamedTuple):
    """A further table of a page, and what its readers have to know."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | float | None]]
    note: str = ""


def write_page(path: Path, command: str, figures: list[Figure], further: Sequence[FurtherTable] = ()) -> None:
    """Write the figures that ``command`` measured as a Markdown page."""
    lines = [
        f"# Benchmarks: `{command}`",
        "",
        f"Written by `{command}`, which measures in a stack of its own; run it to see your machine's figures. Each step is compared, in the same",
        "run, with the least that it could cost: the same rows moved by the server alone. A ratio of 1 is the limit itself.",
        "",
        f"Measured on {datetime.now(UTC):%Y-%m-%d} with {machine()}.",
        "",
        *_table(COLUMNS, [row(figure) for figure in figures]),
    ]
    for one in further:
        lines += ["", f"## {one.title}", "", *([one.note, ""] if one.note else []), *_table(one.columns, one.rows)]
    path.write_text("\n".join(lines) + "\n")


def _table(columns: Sequence[str], rows: Sequence[Sequence[str | float | None]]) -> list[str]:
    is_number = [any(isinstance(line[place], int | float) for line in rows) for place in range(len(columns))]
    return [
        "| " + " | ".join(name.replace("_", " ") for name in columns) + " |",
        "|" + "".join("---:|" if number else "---|" for number in is_number),
        *("| " + " | ".join(_cell(value) for value in line) + " |" for line in rows),
    ]


def _cell(value: str | float | None) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}" if isinstance(value, float) else value
