"""Whether an instant lies in an interval."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def valid_at(at: str, since: str = "valid_from", until: str = "valid_to") -> Column:
    """Whether an instant's column lies in the interval from ``since`` on and before ``until``, which is empty while it goes on."""
    return (F.col(at) >= F.col(since)) & (F.col(until).isNull() | (F.col(at) < F.col(until)))
