"""Shares and scores as exact decimals, so that the same inputs give the same digits everywhere."""

from pyiceberg.types import DecimalType
from pyspark.sql import Column
from pyspark.sql import functions as F

from iceberg.table import Ratio, Table

RATE = DecimalType(9, 4)
"""A share or a ratio, to four digits behind the point."""
SCORE = DecimalType(5, 2)
"""A score of 0 to 100."""
CONFIDENCE_95 = 1.96
"""Standard deviations to either side between which 95 % of a normal distribution lie."""


def rate(part: str | Column, whole: str | Column) -> Column:
    """Part by whole, rounded half up to four digits; null where the whole is zero or missing."""
    quotient = F.try_divide(_exact(part), _exact(whole))
    return F.round(quotient, 4).cast("decimal(9,4)")


def rates_of(table: Table) -> dict[str, Column]:
    """The rates among a table's columns, each of the two columns that its declaration names."""
    made = {column.name: column.made for column in table.columns if column.type == RATE}
    return {name: rate(ratio.numerator, ratio.denominator) for name, ratio in made.items() if isinstance(ratio, Ratio)}


def wilson_interval(part: str, whole: str) -> tuple[Column, Column]:
    """The ends of the 95 % interval of a share, given the columns of two counts; null where the whole is zero.

    E. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927.
    """
    count, of = F.col(part).cast("double"), F.col(whole).cast("double")
    squared = F.lit(CONFIDENCE_95**2)
    spread = F.lit(CONFIDENCE_95) * F.sqrt(F.try_divide(count * (of - count), of) + squared / 4)
    ends = ((count + squared / 2 - spread) / (of + squared), (count + squared / 2 + spread) / (of + squared))
    return ends[0].cast("decimal(9,4)"), ends[1].cast("decimal(9,4)")


def between_zero_and_one(value: Column) -> Column:
    """The value, or the nearer end where it lies outside; null stays null."""
    return F.when(value.isNotNull(), F.greatest(F.least(value, F.lit(1).cast("decimal(9,4)")), F.lit(0).cast("decimal(9,4)")))


def weighted_score(*parts: tuple[int, Column]) -> Column:
    """The mean of parts between 0 and 1 by their weights, times 100; a part without a value is left out, with its weight."""
    values = [(weight, part.cast("decimal(9,4)")) for weight, part in parts]
    total, weights = F.lit(0).cast("decimal(20,4)"), F.lit(0)
    for weight, value in values:
        total = total + F.coalesce(value * F.lit(weight), F.lit(0))
        weights = weights + F.when(value.isNotNull(), F.lit(weight)).otherwise(F.lit(0))
    score = F.try_divide(total.cast("decimal(20,4)") * F.lit(100), weights.cast("decimal(10,0)"))
    return F.round(score, 2).cast("decimal(5,2)")


def _exact(value: str | Column) -> Column:
    return (F.col(value) if isinstance(value, str) else value).cast("decimal(20,2)")
