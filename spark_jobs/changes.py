"""From every change to the current rows: the fold of bronze that all silver tables share."""

from collections.abc import Sequence
from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, BinaryType, DecimalType, MapType, StringType, StructType

_POSITION = ("_end_lsn", "_sequence")
# Only values of variable length are stored out of line, so only they can be missing from an update.
_MAY_BE_UNCHANGED = (StringType, BinaryType, DecimalType, ArrayType, MapType, StructType)


@dataclass(frozen=True)
class Truncation:
    """Where a source table was last emptied: nothing up to there counts."""

    end_lsn: int
    sequence: int


def current_rows(changes: DataFrame, key: Sequence[str], truncated: Truncation | None = None, has_unchanged: bool = False) -> DataFrame:
    """The newest row of each key that is not deleted, with the columns of ``changes``.

    ``changes`` are rows of one bronze table; the order of truth is
    (_end_lsn, _sequence). With ``has_unchanged``, columns that an update did not
    carry take the key's previous value, so ``changes`` must reach back to it.
    """
    rows = changes.where(F.col("_operation") != "truncate")
    if truncated is not None:
        rows = rows.where(
            (F.col("_end_lsn") > truncated.end_lsn) | ((F.col("_end_lsn") == truncated.end_lsn) & (F.col("_sequence") > truncated.sequence))
        )
    if has_unchanged:
        rows = _with_previous_values(rows, key)
    newest_first = Window.partitionBy(*key).orderBy(*(F.col(column).desc() for column in _POSITION))
    newest = rows.withColumn("_age", F.row_number().over(newest_first)).where("_age = 1").drop("_age")
    return newest.where(F.col("_operation") != "delete")


def _with_previous_values(rows: DataFrame, key: Sequence[str]) -> DataFrame:
    """Fill columns named in ``_unchanged_columns`` from the key's change before."""
    up_to_now = Window.partitionBy(*key).orderBy(*_POSITION).rowsBetween(Window.unboundedPreceding, Window.currentRow)
    filled = {
        field.name: F.last(F.when(~_is_unchanged(field.name), F.struct(F.col(field.name).alias("value"))), ignorenulls=True)
        .over(up_to_now)
        .getField("value")
        for field in rows.schema.fields
        if isinstance(field.dataType, _MAY_BE_UNCHANGED) and field.name not in key and not field.name.startswith("_")
    }
    return rows.withColumns(filled) if filled else rows


def _is_unchanged(column: str) -> Column:
    return F.coalesce(F.array_contains("_unchanged_columns", F.lit(column)), F.lit(False))
