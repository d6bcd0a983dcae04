"""Days of the shop: instants are UTC everywhere, a day is one of the shop's time zone."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def local_date(instant: str, time_zone: str) -> Column:
    """The day of an instant's column in a time zone of the IANA database."""
    return F.to_date(F.from_utc_timestamp(instant, time_zone))


def local_month(instant: str, time_zone: str) -> Column:
    """The first day of the month in which that day lies."""
    return month_of(local_date(instant, time_zone))


def month_of(day: Column) -> Column:
    """The first day of the month of a date's column."""
    return F.trunc(day, "month")
