"""A source whose rows change in any way at all: what a row refers to, costs or says is some other row's value the next moment."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from pyiceberg.catalog.sql import SqlCatalog
from sqlalchemy import Integer, Numeric, Table, Text, UniqueConstraint

from gen_data.schema import SHOP_TABLES
from tests.spark_jobs.bronze_rows import Bronze

Row = dict[str, Any]
Key = tuple[Any, ...]

_FARTHEST = timedelta(days=3)
# What decides which other columns of a row have a value.
_DECIDING = {"customer_activity_log": {"kind"}}
_REFERRED = {reference.referred_table.name for table in SHOP_TABLES for reference in table.foreign_key_constraints}
# What goes takes with it all that refers to it, and of these so much does that little of the shop would be left.
_LASTING = {"channels", "warehouses", "categories", "suppliers", "carriers", "distributors", "loyalty_tiers", "products"}


@dataclass
class Source:
    """The rows that a shop's database holds, changed at random within what types, required columns and references allow.

    No other rule is kept: a build must come to the same rows by whatever way
    the source came to be as it is.
    """

    bronze: Bronze
    chance: random.Random
    rows: dict[str, dict[Key, Row]] = field(default_factory=dict)

    @classmethod
    def of(cls, bronze: Bronze, catalog: SqlCatalog, chance: random.Random) -> "Source":
        """What bronze has of it after its first load."""
        source = cls(bronze, chance)
        for table in SHOP_TABLES:
            loaded = catalog.load_table(f"bronze.{table.name}").scan(selected_fields=tuple(table.columns.keys())).to_arrow()
            source.rows[table.name] = {_key(table, row): row for row in loaded.to_pylist()}
        return source

    def change(self, table: Table) -> str:
        """One random change of a table in the open transaction; says which."""
        held = self.rows[table.name]
        weights = {
            "update": 50,
            "insert": 25,
            "delete": 15 * (table.name not in _LASTING),
            "twice": 9,
            "truncate": int(table.name not in _REFERRED),
        }
        what = self.chance.choices([*weights], [*weights.values()])[0]
        if not held:
            return f"{table.name} is empty"
        key = self.chance.choice(list(held))
        match what:
            case "update":
                self._update(table, key)
            case "twice":
                self._update(table, key)
                self._update(table, key)
            case "insert":
                row = self._another(table, held[key])
                if row is None:
                    return f"no other {table.name}"
                key = _key(table, row)
                held[key] = row
                self.bronze.change("insert", table.name, [row])
            case "delete":
                self._delete(table, key)
            case "truncate":
                held.clear()
                self.bronze.change("truncate", table.name, [{}])
        return f"{what} {table.name} {key}"

    def _delete(self, table: Table, key: Key) -> None:
        row = self.rows[table.name].pop(key, None)
        if row is not None:
            self._delete_what_refers_to(table, row)
            self.bronze.change("delete", table.name, [_named(table, key)])

    def _delete_what_refers_to(self, table: Table, row: Row) -> None:
        for child in SHOP_TABLES:
            for reference in child.foreign_key_constraints:
                if reference.referred_table is table:
                    pairs = [(element.parent.name, row[element.column.name]) for element in reference.elements]
                    for key, held in list(self.rows[child.name].items()):
                        if all(held[name] == value for name, value in pairs):
                            self._delete(child, key)

    def _update(self, table: Table, key: Key) -> None:
        row = self.rows[table.name][key]
        referring = [{element.parent.name for element in reference.elements} for reference in table.foreign_key_constraints]
        fixed = _unique(table) | {column.name for column in table.primary_key} | _DECIDING.get(table.name, set())
        free = [column for column in table.columns if column.name not in fixed]
        changed = {column.name for column in self.chance.sample(free, min(len(free), self.chance.randint(1, 3)))}
        # In order, or chance would be another in each process.
        row |= {name: self._value(table, name) for name in sorted(changed.difference(*referring))}
        # What a row refers to is what another one refers to, whole.
        for columns in referring:
            if changed & columns and not fixed & columns:
                other = self.chance.choice(list(self.rows[table.name].values()))
                row |= {name: other[name] for name in columns}
                changed |= columns
        # What is stored out of line and stays as it is is not sent again.
        out_of_line = [c.name for c in free if isinstance(c.type, Text | Numeric) and c.name not in changed and row[c.name] is not None]
        unsent = self.chance.sample(out_of_line, 1) if out_of_line and self.chance.random() < 0.2 else []
        self.bronze.change("update", table.name, [row | dict.fromkeys(unsent)], unchanged=unsent or None)

    def _value(self, table: Table, name: str) -> Any:
        """Some row's value of a column, or one that is near it."""
        value = self.chance.choice(list(self.rows[table.name].values()))[name]
        if self.chance.random() < 0.5:
            return value
        match value:
            case bool():
                return not value
            case datetime():
                return value + timedelta(seconds=self.chance.randint(-int(_FARTHEST.total_seconds()), int(_FARTHEST.total_seconds())))
            case date():
                return value + timedelta(days=self.chance.randint(-_FARTHEST.days, _FARTHEST.days))
            case Decimal():
                return (value * self.chance.randint(0, 3)).quantize(value)
            case _:
                return value

    def _another(self, table: Table, like: Row) -> Row | None:
        """A row with a key of its own; None where keys are words that mean something."""
        numbers = [column.name for column in table.primary_key if isinstance(column.type, Integer)]
        if not numbers:
            return None
        row = like | {numbers[-1]: 1 + max(held[numbers[-1]] for held in self.rows[table.name].values())}
        for name in _unique(table) - {column.name for column in table.primary_key}:
            if not isinstance(row[name], str):
                return None
            row[name] = f"{row[name]} {row[numbers[-1]]}"
        return row


def _key(table: Table, row: Mapping[str, Any]) -> Key:
    return tuple(row[column.name] for column in table.primary_key)


def _named(table: Table, key: Key) -> Row:
    return dict(zip((column.name for column in table.primary_key), key, strict=True))


def _unique(table: Table) -> set[str]:
    """The columns of what is unique besides the primary key."""
    return {name for columns in _unique_keys(table) for name in columns}


def _unique_keys(table: Table) -> Iterator[set[str]]:
    yield from ({column.name for column in one.columns} for one in table.constraints if isinstance(one, UniqueConstraint))
    yield from ({column.name for column in index.columns} for index in table.indexes if index.unique)
