"""Lengths of time in hours, exact enough to be compared: from whole seconds to hundredths of an hour."""

from pyiceberg.types import DecimalType
from pyspark.sql import Column
from pyspark.sql import functions as F

HOURS = DecimalType(10, 2)
"""Hours, to the hundredth."""


def hours_between(begin: str, end: str) -> Column:
    """Hours from one instant's column to another's, below zero where the second comes first; empty where either is."""
    microseconds = F.unix_micros(F.col(end)) - F.unix_micros(F.col(begin))
    return (microseconds.cast("decimal(20,0)") / F.lit(3_600_000_000).cast("decimal(10,0)")).cast("decimal(10,2)")


def seconds_between(start: Column, end: Column) -> Column:
    """Whole seconds from one instant to another, fractions of either left off; null unless both are there."""
    return F.unix_seconds(end) - F.unix_seconds(start)


def mean_hours(seconds: Column) -> Column:
    """The mean of a group's seconds, in hours; null where there are none."""
    return F.try_divide(F.sum(seconds), F.count(seconds) * 3600).cast("decimal(10,2)")


def p90_hours(seconds: Column) -> Column:
    """The 90th percentile of a group's seconds, in hours, between two of them in proportion; null where there are none.

    R. Hyndman and Y. Fan, "Sample Quantiles in Statistical Packages", 1996, definition 7.
    """
    return (F.percentile(seconds, 0.9).cast("decimal(20,4)") / 3600).cast("decimal(10,2)")


def percentile_of_hours(hours: str, share: float) -> Column:
    """The value of a group's column of hours below which ``share`` of them lie, by the same definition; null where there are none."""
    return F.round(F.percentile(hours, share).cast("decimal(20,4)"), 2).cast("decimal(10,2)")
