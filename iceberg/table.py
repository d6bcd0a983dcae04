"""What a lake table says of itself: a declaration that makes it exist, refresh, be checked and be documented."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyiceberg.schema import Schema
from pyiceberg.transforms import DayTransform, MonthTransform, Transform
from pyiceberg.types import DecimalType, IcebergType, NestedField

from iceberg.properties import EVERY_TABLE
from iceberg.quality.checks import Check, IntervalCheck, ReferenceCheck, RowCheck, SumCheck, not_null
from shoplake.core.errors import TableError

AMOUNT = DecimalType(14, 2)
"""Money of one row of the shop, in the shop's currency."""
MONEY = DecimalType(20, 2)
"""Money added up over rows, in the shop's currency."""


@dataclass(frozen=True)
class Ratio:
    """A number that is one column of the same row divided by another, empty where that is 0."""

    numerator: str
    denominator: str


@dataclass(frozen=True)
class DistinctCount:
    """A number that says how many different values a column of the counted rows has; ``of`` names that column of the input."""

    of: str


@dataclass(frozen=True)
class Column:
    """A column: its name, its Iceberg type, what it means (with its unit), and whether it may be empty.

    Columns of the key always have a value, whatever ``required`` says. A number
    that is not what single rows of the layer below make, added up, can say in
    ``made`` how it is made instead, so that it can be explained. ``is_personal``
    says that values tell of a person, or may: nobody shows them as examples.
    """

    name: str
    type: IcebergType
    doc: str
    required: bool = False
    made: Ratio | DistinctCount | None = None
    is_personal: bool = False

    @property
    def comment(self) -> str:
        """What the catalog tells of it."""
        return f"{self.doc} (personal data)" if self.is_personal else self.doc


@dataclass(frozen=True)
class PartitionBy:
    """How a table's files are split: a transform of one column."""

    column: str
    transform: Transform[Any, Any]
    name: str


def month(column: str) -> PartitionBy:
    """A partition for each month of a date or an instant (UTC)."""
    return PartitionBy(column, MonthTransform(), f"{column}_month")


def day(column: str) -> PartitionBy:
    """A partition for each day of a date or an instant (UTC)."""
    return PartitionBy(column, DayTransform(), f"{column}_day")


@dataclass(frozen=True)
class MergeByKey:
    """Rows whose key has new changes in bronze are replaced; all others stay as they are."""


@dataclass(frozen=True)
class AsOf:
    """What rows look up in another input: by a column that both have, and as it was at an instant.

    The transform is given ``on``, ``columns`` and the interval, and nothing else of it,
    so that a change of anything else cannot matter.

    Attributes:
        table: The input that is looked up.
        on: The column, of one name on both sides, that leads to it.
        columns: What is read of it.
        at: The instant at which its row must be valid; None where it has no history.
        since: Its column that says from when a row is valid.
        until: Its column that says before when, empty as long as it is; None where any later instant may look back to it.
        of: The input whose rows look up, which carry the linking input's key; by default the linking input itself.
            Of ``on`` and ``at``, what it does not have is read of the linking input.
    """

    table: str
    on: str
    columns: tuple[str, ...]
    at: str | None = None
    since: str = "valid_from"
    until: str | None = "valid_to"
    of: str | None = None

    @property
    def needed(self) -> list[str]:
        """The columns of the looked-up input that the transform is given."""
        interval = [self.since, *([self.until] if self.until else [])] if self.at else []
        return list(dict.fromkeys([self.on, *self.columns, *interval]))


@dataclass(frozen=True, init=False)
class RecomputeTouched:
    """Groups that a changed input row belongs to, or belonged to before, are computed anew and replaced.

    Attributes:
        columns: The columns, part of the table's key, that name a group.
        via: The input that leads from rows without these columns to their
            groups: such rows carry its key, and count only together with it.
        lookups: The inputs that only describe what others refer to by their key,
            each with the columns that are read of it. They are read in whole. A
            row of them that comes or goes changes no group, since the source's
            foreign keys let nothing refer to it before or afterwards; when a row
            gets another value, all groups are computed anew, so name columns
            that rarely change.
        unheld: Those of the lookups that no foreign key leads to: a row that
            comes or goes computes all groups anew too.
        as_of: What is looked up. A change of it touches the groups of those rows
            alone that now find something else than before.
        named: For inputs that call these columns otherwise, how they do.
    """

    columns: tuple[str, ...]
    via: str | None
    lookups: Mapping[str, tuple[str, ...]]
    unheld: tuple[str, ...]
    as_of: tuple[AsOf, ...]
    named: Mapping[str, tuple[str, ...]]

    def __init__(
        self,
        *columns: str,
        via: str | None = None,
        lookups: Mapping[str, tuple[str, ...]] | None = None,
        unheld: tuple[str, ...] = (),
        as_of: tuple[AsOf, ...] = (),
        named: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "via", via)
        object.__setattr__(self, "lookups", lookups or {})
        object.__setattr__(self, "unheld", unheld)
        object.__setattr__(self, "as_of", as_of)
        object.__setattr__(self, "named", named or {})

    def looks_up_only(self, name: str) -> bool:
        """Whether an input is looked up and nothing else."""
        return name != self.via and any(link.table == name for link in self.as_of)

    def columns_in(self, name: str) -> tuple[str, ...]:
        """What the input ``name`` calls the group's columns, in their order."""
        return self.named.get(name, self.columns)


@dataclass(frozen=True, init=False)
class MadeOf:
    """Which rows of an input make a row of a table that is computed in whole, so that it can be explained.

    Attributes:
        table: The input.
        by: For each column of the table's key, in its order, what it is in a row of the input: a column, or SQL as
            DuckDB takes it over all rows of the input.
        lookups: Inputs that the input refers to by their key, and whose columns ``by`` may name besides.
        where: SQL that holds for the rows of the input that count at all.
    """

    table: str
    by: tuple[str, ...]
    lookups: tuple[str, ...]
    where: str

    def __init__(self, table: str, *by: str, lookups: tuple[str, ...] = (), where: str = "true") -> None:
        object.__setattr__(self, "table", table)
        object.__setattr__(self, "by", by)
        object.__setattr__(self, "lookups", lookups)
        object.__setattr__(self, "where", where)


@dataclass(frozen=True)
class FullRefresh:
    """The table is computed from all of its inputs whenever one of them changed.

    ``made_of`` says which rows below make one of its rows, where such can be named.
    """

    made_of: MadeOf | None = None


Refresh = MergeByKey | RecomputeTouched | FullRefresh


@dataclass(frozen=True)
class Table:
    """The declaration of a lake table.

    Attributes:
        grain: What one row stands for, in words.
        key: The columns that name a row. Always checked to be unique and filled.
        columns: All columns, in order.
        refresh: How the table follows its inputs.
        partition_by: How its files are split, if at all.
        checks: What must hold before a release, beyond the key.
        owner: Who answers for the numbers.
        fresh_within_minutes: How old the newest data may be, a promise to readers.
    """

    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    refresh: Refresh
    partition_by: PartitionBy | None = None
    checks: tuple[Check, ...] = ()
    owner: str | None = None
    fresh_within_minutes: int | None = None

    def __post_init__(self) -> None:
        # Iceberg refuses an empty value itself, but not in a column that was added later, which is optional there.
        filled = [not_null(column.name) for column in self.columns if column.required and column.name not in self.key]
        declared = {check.name for check in self.checks}
        object.__setattr__(self, "checks", (*self.checks, *(check for check in filled if check.name not in declared)))
        names = self.column_names
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise TableError(f"table: column {doubled[0]} is declared twice. Keep one of them.")
        used = [*self.key, *(self.refresh.columns if isinstance(self.refresh, RecomputeTouched) else ())]
        used += [self.partition_by.column] if self.partition_by else []
        used += [check.column for check in self.checks if isinstance(check, ReferenceCheck | SumCheck)]
        used += [name for check in self.checks if isinstance(check, IntervalCheck) for name in check.columns]
        used += [name for check in self.checks if isinstance(check, SumCheck) for name in check.by]
        used += [
            name for column in self.columns if isinstance(column.made, Ratio) for name in (column.made.numerator, column.made.denominator)
        ]
        for name in used:
            if name not in names:
                raise TableError(
                    f"table: {name} is used by the key, refresh, partition, a check or a ratio, but is no column. Add it to columns."
                )
        if not self.key:
            raise TableError("table: there is no key. Name the columns that tell one row from another.")
        if isinstance(self.refresh, RecomputeTouched) and not set(self.refresh.columns) <= set(self.key):
            raise TableError("table: the groups that are recomputed must be part of the key. Add their columns to it.")
        if isinstance(self.refresh, RecomputeTouched) and not {*self.refresh.unheld} <= {*self.refresh.lookups}:
            raise TableError("table: unheld= names an input that lookups= does not. Add it there, with the columns that are read of it.")
        made_of = self.refresh.made_of if isinstance(self.refresh, FullRefresh) else None
        if made_of is not None and len(made_of.by) != len(self.key):
            raise TableError("table: made_of= must say of each column of the key what it is in the rows below. Correct it.")
        groups = {check.by for check in self.checks if isinstance(check, SumCheck)}
        if len(groups) > 1 or not {name for by in groups for name in by} <= set(self.key):
            raise TableError(
                "table: sums are compared by the same groups in all of a table's checks, named by part of its key. Correct by=."
            )
        checks = [check.name for check in self.checks]
        if len(set(checks)) < len(checks):
            raise TableError("table: two checks have the same name. Remove one.")

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of all columns, in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column ``name``. Raises KeyError where there is none."""
        return {column.name: column for column in self.columns}[name]

    @property
    def row_checks(self) -> tuple[RowCheck, ...]:
        """The checks that each row keeps or breaks by itself."""
        return tuple(check for check in self.checks if isinstance(check, RowCheck))

    def schema(self) -> Schema:
        """The Iceberg schema, with the key as identifier fields and fields numbered from 1."""
        fields = [
            NestedField(number, column.name, column.type, column.required or column.name in self.key, column.comment)
            for number, column in enumerate(self.columns, start=1)
        ]
        return Schema(*fields, identifier_field_ids=[field.field_id for field in fields if field.name in self.key])

    def properties(self, doc: str) -> dict[str, str]:
        """The Iceberg table properties; ``doc`` says what the table is for."""
        merge_mode = "merge-on-read" if isinstance(self.refresh, MergeByKey) else "copy-on-write"
        described = {"comment": doc, "shoplake.grain": self.grain, "shoplake.key": ",".join(self.key), "owner": self.owner}
        if self.fresh_within_minutes is not None:
            described["shoplake.fresh-within-minutes"] = str(self.fresh_within_minutes)
        return {
            **EVERY_TABLE,
            "write.merge.mode": merge_mode,
            "write.delete.mode": merge_mode,
            "write.update.mode": merge_mode,
            "write.distribution-mode": "range",
            # A file is skipped by row groups: with the default of 128 MiB, one order of last year would read all orders of that year.
            "write.parquet.row-group-size-bytes": str(4 << 20),
            "write.parquet.row-group-size-track-uncompressed": "true",
            "write.merge.distribution-mode": "none",
            # What a file weighs when tasks are made of row groups; by default 4 MiB, and again for each file of deletes that it has.
            "read.split.open-file-cost": str(256 << 10),
            **{name: value for name, value in described.items() if value is not None},
        }
