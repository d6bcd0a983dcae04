"""Every table that the project builds: found in the folders, in the order in which they can be built."""

import fnmatch
import hashlib
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from types import ModuleType
from typing import Any

from pyspark.sql import DataFrame

from iceberg.quality.checks import LedgerCheck, SumCheck, looks_into
from iceberg.table import AsOf, FullRefresh, MergeByKey, RecomputeTouched, Table
from shoplake.core.errors import TableError
from shoplake.core.settings import Settings
from spark_jobs.logic import logic_of

PACKAGES = ("spark_jobs.silver", "spark_jobs.gold")
LAYERS = ("bronze", "silver", "gold")
SETTING_PARAMETERS = ("time_zone", "currency")


@dataclass(frozen=True)
class LakeTable:
    """A table of the lake: its declaration and how it is made.

    Attributes:
        name: With its layer, such as ``gold.daily_sales``.
        table: The declaration.
        transform: Makes its rows from the inputs, given by keyword.
        inputs: The tables it reads, from the names of ``transform``'s parameters.
        needs_settings: The settings it reads, likewise.
        doc: What it is for.
        logic: Changes whenever the code does that decides its rows.
    """

    name: str
    table: Table
    transform: Callable[..., DataFrame]
    inputs: tuple[str, ...]
    needs_settings: tuple[str, ...]
    doc: str
    logic: str

    @property
    def depends_on(self) -> tuple[str, ...]:
        """What must be built before: the inputs, and the tables that its checks look into."""
        looked_into = [name for check in self.table.checks for name in looks_into(check)]
        return tuple(dict.fromkeys([*self.inputs, *looked_into]))

    def definition(self, settings: Settings) -> str:
        """Changes whenever unchanged inputs could give other rows: a table built by another one is rebuilt in full."""
        values = [f"{name}={getattr(settings, name)}" for name in self.needs_settings]
        return hashlib.sha256("\n".join([self.logic, *values]).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Tables:
    """All tables by name, each after those that it reads."""

    by_name: Mapping[str, LakeTable] = field(default_factory=dict)

    def __getitem__(self, name: str) -> LakeTable:
        """The table ``name``. Raises TableError, with near names, where there is none."""
        if name in self.by_name:
            return self.by_name[name]
        near = get_close_matches(name, self.by_name, n=3, cutoff=0.4)
        advice = f"Did you mean {' or '.join(near)}?" if near else "docs/tables has a page for each table."
        raise TableError(f"build: there is no table {name}. {advice}")

    @cached_property
    def bronze(self) -> tuple[str, ...]:
        """The bronze tables that any of the tables reads."""
        return tuple(sorted({name for table in self.by_name.values() for name in table.inputs if name.startswith("bronze.")}))

    def selected(self, settings: Settings) -> "Tables":
        """The tables that the settings ask for, with all that they depend on. Raises TableError for a pattern that fits none."""
        wanted = []
        for pattern in settings.tables:
            wanted += fnmatch.filter(self.by_name, pattern) or [self[pattern].name]
        return Tables({name: self.by_name[name] for name in self.with_inputs(wanted)})

    def with_readers(self, names: Iterable[str]) -> list[str]:
        """``names`` and every table that is made of them, directly or not, in build order."""
        wanted = {self[name].name for name in names}
        for name, table in self.by_name.items():
            if wanted & {*table.inputs}:
                wanted.add(name)
        return [name for name in self.by_name if name in wanted]

    def with_inputs(self, names: Sequence[str]) -> list[str]:
        """``names`` and every table that they depend on, directly or not, in build order."""
        wanted: set[str] = set()
        waiting = [self[name].name for name in names]
        while waiting:
            name = waiting.pop()
            if name not in wanted:
                wanted.add(name)
                waiting += [source for source in self.by_name[name].depends_on if source in self.by_name]
        return [name for name in self.by_name if name in wanted]


def discover(packages: Sequence[str] = PACKAGES) -> Tables:
    """Read every table module of ``packages`` (folders such as ``spark_jobs.gold``).

    Raises TableError for an input that no table is, for tables that read each
    other in a circle, and for a module that is no table.
    """
    found = []
    for package in packages:
        folder = importlib.import_module(package)
        for entry in sorted(pkgutil.iter_modules(folder.__path__), key=lambda entry: entry.name):
            module = importlib.import_module(f"{package}.{entry.name}")
            found.append(read_module(f"{package.rsplit('.', 1)[-1]}.{entry.name}", module))
    return in_order(found)


def read_module(name: str, module: ModuleType) -> LakeTable:
    """The table that ``module`` declares under ``name``. Raises TableError when it is none."""
    table, transform = getattr(module, "TABLE", None), getattr(module, "transform", None)
    if not isinstance(table, Table) or not callable(transform):
        raise TableError(
            f"table: {module.__name__} must have TABLE and transform(). Write them, or move the file out of the tables' folder."
        )
    inputs, needs_settings = _parameters(name, transform)
    _check_refresh(name, table, inputs)
    return LakeTable(name, table, transform, inputs, needs_settings, (module.__doc__ or name).strip().splitlines()[0], logic_of(module))


def in_order(tables: Iterable[LakeTable]) -> Tables:
    """The tables, each after those that it reads. Raises TableError for an unknown input or a circle."""
    by_name = {table.name: table for table in tables}
    for table in by_name.values():
        for source in table.depends_on:
            if source not in by_name and not source.startswith("bronze."):
                raise TableError(
                    f"table: {table.name} reads {source}, which does not exist. Correct the parameter of transform() or the check."
                )
        _check_groups(table, by_name)
    try:
        order = TopologicalSorter(
            {name: [other for other in t.depends_on if other in by_name] for name, t in by_name.items()}
        ).static_order()
        return Tables({name: by_name[name] for name in order})
    except CycleError as problem:
        circle = " -> ".join(reversed(problem.args[1]))
        raise TableError(f"table: these read each other in a circle: {circle}. Let one of them read a table further up.") from problem


def held_by(link: AsOf, column: str, via: str, tables: Mapping[str, LakeTable]) -> str:
    """The input of which the ``on`` or ``at`` of a look-up is read: the one whose rows look up where it has the column, else ``via``."""
    return link.of if link.of is not None and column in tables[link.of].table.column_names else via


def _parameters(name: str, transform: Callable[..., Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    inputs, needs_settings = [], []
    for parameter in inspect.signature(transform).parameters:
        layer, _, table = parameter.partition("_")
        if parameter in SETTING_PARAMETERS:
            needs_settings.append(parameter)
        elif layer in LAYERS and table:
            inputs.append(f"{layer}.{table}")
        else:
            raise TableError(
                f"table: {name} has a transform() with the parameter {parameter}, which names no input. "
                f"Call it <layer>_<table>, or one of {', '.join(SETTING_PARAMETERS)}."
            )
    return tuple(inputs), tuple(needs_settings)


def _check_refresh(name: str, table: Table, inputs: tuple[str, ...]) -> None:
    if isinstance(table.refresh, MergeByKey) and (len(inputs) != 1 or not inputs[0].startswith("bronze.")):
        raise TableError(
            f"table: {name} merges by key, which takes one bronze input, but reads {', '.join(inputs)}. Choose RecomputeTouched."
        )
    if isinstance(table.refresh, RecomputeTouched) and table.refresh.via is not None and table.refresh.via not in inputs:
        raise TableError(f"table: {name} finds its groups via {table.refresh.via}, which it does not read. Add it to transform().")
    made_of = table.refresh.made_of if isinstance(table.refresh, FullRefresh) else None
    unread = [other for other in (made_of.table, *made_of.lookups) if other not in inputs] if made_of else []
    if unread:
        raise TableError(f"table: {name} is made of {unread[0]}, which it does not read. Add it to transform().")
    unread = [lookup for lookup in (table.refresh.lookups if isinstance(table.refresh, RecomputeTouched) else ()) if lookup not in inputs]
    if unread:
        raise TableError(f"table: {name} looks things up in {unread[0]}, which it does not read. Add it to transform().")
    for link in table.refresh.as_of if isinstance(table.refresh, RecomputeTouched) else ():
        missing = next((other for other in (link.table, link.of) if other is not None and other not in inputs), None)
        if missing is not None:
            raise TableError(f"table: {name} looks things up with {missing}, which it does not read. Add it to transform().")
    for check in table.checks:
        unread = [other for other in looks_into(check) if other not in inputs] if isinstance(check, SumCheck | LedgerCheck) else []
        if unread:
            raise TableError(f"table: {name} is to sum to {unread[0]}, which it does not read. Add it to transform().")


def _check_groups(table: LakeTable, by_name: Mapping[str, LakeTable]) -> None:
    """Refuse recomputed groups whose changes could not be found or whose sums could not be compared."""
    refresh = table.table.refresh
    if not isinstance(refresh, RecomputeTouched):
        return
    for name, columns in refresh.named.items():
        if name not in table.inputs or len(columns) != len(refresh.columns):
            raise TableError(
                f"table: {table.name} says how {name} names its groups, but does not read that or names another number of columns. "
                "Correct named=."
            )
    has_groups = {name: set(refresh.columns_in(name)) <= set(by_name[name].table.column_names) for name in table.inputs if name in by_name}
    link_key = by_name[refresh.via].table.key if refresh.via else ()
    for lookup, columns in refresh.lookups.items():
        missing = sorted(set(columns) - set(by_name[lookup].table.column_names)) if lookup in by_name else [*columns]
        if missing:
            raise TableError(f"table: {table.name} looks up {missing[0]} in {lookup}, which does not have it. Correct the column's name.")
    for name in table.inputs:
        if name in refresh.lookups:
            continue
        is_linked = bool(link_key) and name in by_name and set(link_key) <= set(by_name[name].table.column_names)
        if not has_groups.get(name) and not is_linked and not refresh.looks_up_only(name):
            raise TableError(
                f"table: {table.name} recomputes groups of ({', '.join(refresh.columns)}), which its input {name} does not have. "
                "Name with via= the input that leads to them, with lookups= what is read of it, or with as_of= how it is looked up."
            )
    if refresh.via and not has_groups[refresh.via]:
        raise TableError(f"table: {table.name} finds its groups via {refresh.via}, which does not have them. Choose an input that has.")
    for link in refresh.as_of:
        _check_look_up(table.name, refresh, link, by_name)
    for check in table.table.checks:
        if isinstance(check, SumCheck) and isinstance(check.other, str) and not has_groups[check.other]:
            raise TableError(f"table: {table.name} is to sum to {check.other}, which does not have its groups. Choose an input that has.")


def _check_look_up(name: str, refresh: RecomputeTouched, link: AsOf, by_name: Mapping[str, LakeTable]) -> None:
    """Refuse a look-up whose changes could not be traced to groups."""
    if refresh.via is None:
        raise TableError(f"table: {name} looks things up in {link.table}, but no input leads from there to its groups. Name it with via=.")
    needed = [(link.table, column) for column in link.needed]
    needed += [(held_by(link, column, refresh.via, by_name), column) for column in (link.on, link.at) if column]
    needed += [(link.of or refresh.via, column) for column in by_name[refresh.via].table.key]
    for other, column in needed:
        if column not in by_name[other].table.column_names:
            raise TableError(f"table: {name} looks things up by {column} of {other}, which does not have it. Correct the name.")
