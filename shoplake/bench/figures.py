"""A measured figure, the machine it was measured on, and the page that shows both."""

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

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


def write_page(path: Path, figures: list[Figure]) -> None:
    """Write the figures as a Markdown page."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `shoplake bench`, which measures in a stack of its own; run it to see your machine's figures. Each step is compared, in the same",
        "run, with the least that it could cost: the same rows moved by the server alone. A ratio of 1 is the limit itself.",
        "",
        f"Measured on {datetime.now(UTC):%Y-%m-%d} with {machine()}.",
        "",
        "| " + " | ".join(name.replace("_", " ") for name in COLUMNS) + " |",
        "|" + "---|" + "---:|" * 3 + "---|" + "---:|" * 2,
    ]
    lines += ["| " + " | ".join(_cell(value) for value in row(figure)) + " |" for figure in figures]
    path.write_text("\n".join(lines) + "\n")


def _cell(value: str | float | None) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}" if isinstance(value, float) else value
