"""A comparison as CSV files: every KPI, and every order that makes a difference."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from gen_data.clock import to_datetime
from gen_data.compare import Comparison
from gen_data.compare.differences import ASPECTS, CLASSES, Differences
from gen_data.compare.facts import FACTS, Fact
from gen_data.compare.kpis import Effect
from gen_data.randomness import IntArray
from gen_data.schema.orders import ORDER_STATUSES
from shoplake.core.errors import StorageError

_SHOWN = tuple((place, fact) for place, fact in enumerate(FACTS) if fact.name != "lines")


def make_folder(folder: Path) -> None:
    """Have a folder for the files, which is worth knowing before the long work.

    Raises StorageError when it cannot be made.
    """
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)


def write_files(comparison: Comparison, folder: Path) -> list[Path]:
    """Write ``kpis.csv`` and ``orders.csv`` into a folder; returns their paths.

    Raises StorageError when the folder cannot be written.
    """
    periods = {"before": comparison.before, "during": comparison.during, "after": comparison.after}
    tables = {
        "kpis.csv": (
            ("placed", "kpi", "with", "without", "difference", *CLASSES),
            [(name, *row) for name, period in periods.items() for row in _kpi_rows(period.effects)],
        ),
        "orders.csv": (
            ("placed", "key", "class", "differs_in", *(f"{fact.name}_{side}" for _, fact in _SHOWN for side in ("with", "without"))),
            ((name, *row) for name, period in periods.items() for row in _order_rows(period.differences)),
        ),
    }
    with _writing(folder):
        for name, (columns, rows) in tables.items():
            _write(folder / name, columns, rows)
    return [folder / name for name in tables]


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise StorageError(f"compare: {folder} cannot be written ({problem.strerror}). Give another folder with --out.") from problem


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


def _kpi_rows(effects: Sequence[Effect]) -> Iterator[Sequence[Any]]:
    for effect in effects:
        parts = effect.parts or {}
        yield effect.kpi.name, effect.shop, effect.twin, effect.difference, *(parts.get(name) for name in CLASSES)


def _order_rows(differences: Differences) -> Iterator[Sequence[Any]]:
    """What differs, in the order of the keys; the columns of a shop that has not got the key are empty."""
    for row in np.flatnonzero(differences.differs.any(axis=1)).tolist():
        shop, twin = differences.shop[row], differences.twin[row]
        is_in_both = shop.any() and twin.any()
        aspects = (aspect for aspect, is_other in zip(ASPECTS, differences.differs[row].tolist(), strict=True) if is_other and is_in_both)
        pairs = (value for pair in zip(_values(shop), _values(twin), strict=True) for value in pair)
        yield int(differences.keys[row]), CLASSES[int(differences.class_of[row])], " ".join(aspects), *pairs


def _values(facts: IntArray) -> list[Any]:
    if not facts.any():
        return [None] * len(_SHOWN)
    return [_value(fact, int(facts[place])) for place, fact in _SHOWN]


def _value(fact: Fact, value: int) -> Any:
    if fact.kind == "money":
        return Decimal(value).scaleb(-2)
    if fact.kind == "status":
        return ORDER_STATUSES[value - 1] if value else None
    if fact.kind == "instant":
        return to_datetime(value).isoformat() if value else None
    return value
