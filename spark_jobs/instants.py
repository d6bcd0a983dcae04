"""What instants say of each other: how far apart they are, and whether one lies in an interval."""

from pyiceberg.types import DecimalType
from pyspark.sql import Column
from pyspark.sql import functions as F

HOURS = DecimalType(10, 2)
"""A duration in hours."""


def hours_between(begin: str, end: str) -> Column:
    """Hours from one instant's column to another's, below zero where the second comes first; empty where either is."""
    microseconds = F.unix_micros(F.col(end)) - F.unix_micros(F.col(begin))
    return (microseconds.cast("decimal(20,0)") / F.lit(3_600_000_000).cast("decimal(10,0)")).cast("decimal(10,2)")


def valid_at(at: str, since: str = "valid_from", until: str = "valid_to") -> Column:
    """Whether an instant's column lies in the interval from ``since`` on and before ``until``, which is empty while it goes on."""
    return (F.col(at) >= F.col(since)) & (F.col(until).isNull() | (F.col(at) < F.col(until)))
