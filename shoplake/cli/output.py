"""The one place where commands print: tables and sentences for people, one JSON value for programs."""

import csv
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from shoplake.core.progress import Progress


class Output:
    """Prints results to standard output and progress to standard error.

    With ``as_json`` nothing is printed until :meth:`close`, which prints one
    JSON object holding everything that the command gave, by its name.
    """

    def __init__(self, as_json: bool = False) -> None:
        self.as_json = as_json
        self._document: dict[str, Any] = {}
        self._console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
        self._errors = Console(file=sys.stderr, highlight=False, soft_wrap=True)

    def say(self, sentence: str) -> None:
        """A sentence for people; programs get none."""
        if not self.as_json:
            self._console.print(sentence, markup=False)

    def note(self, sentence: str) -> None:
        """A sentence on standard error, also under --json: progress and warnings."""
        self._errors.print(sentence, markup=False)

    def fields(self, name: str, values: Mapping[str, Any]) -> None:
        """Named values, a line each; in JSON an object under ``name``."""
        self._document[name] = dict(values)
        if not self.as_json:
            width = max((len(key) for key in values), default=0)
            for key, value in values.items():
                self._console.print(f"{key.replace('_', ' '):<{width}}  {_text(value)}", markup=False)

    def table(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str | None = None) -> None:
        """Rows under a heading; in JSON a list of objects under ``name``."""
        self._document[name] = [dict(zip(columns, row, strict=True)) for row in rows]
        if self.as_json:
            return
        table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
        for position, column in enumerate(columns):
            is_number = bool(rows) and all(isinstance(row[position], int | float | Decimal) or row[position] is None for row in rows)
            table.add_column(column.replace("_", " "), justify="right" if is_number else "left", overflow="fold")
        for row in rows:
            table.add_row(*(_text(value) for value in row))
        self._console.print(table)

    def csv(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Rows as comma-separated values with a line of names first; what is empty stays empty."""
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """A progress bar on standard error while the body runs; none where nobody looks."""
        bars = Bars(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=self._errors, transient=True, disable=not sys.stderr.isatty(),
        )  # fmt: skip
        tasks: dict[str, TaskID] = {}

        def report(step: str, done: int, total: int | None = None) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done, total=total)

        with bars:
            yield report

    def close(self) -> None:
        """Print the JSON document, if one was asked for."""
        if self.as_json:
            sys.stdout.write(json.dumps(self._document, default=_json, ensure_ascii=False, indent=2) + "\n")


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | Decimal):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S %Z").strip()
    return str(value)


def _json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"cannot write {type(value).__name__} as JSON")
