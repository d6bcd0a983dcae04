"""A supplier of the shop."""

from pyiceberg.types import IntegerType, StringType, TimestamptzType
from pyspark.sql import DataFrame

from iceberg.quality.checks import at_least
from iceberg.table import Column, MergeByKey, Table

TABLE = Table(
    grain="one row per supplier",
    key=("supplier_id",),
    columns=(
        Column("supplier_id", IntegerType(), "names the supplier, from 1"),
        Column("name", StringType(), "name of the company"),
        Column("province", StringType(), "where it delivers from"),
        Column("lead_time_days", IntegerType(), "days that a delivery usually takes"),
        Column("updated_at", TimestamptzType(), "when the row last changed at the source"),
    ),
    refresh=MergeByKey(),
    checks=(at_least("lead_time_days", 1),),
)


def transform(bronze_suppliers: DataFrame) -> DataFrame:
    """The current row of each key, as the shop has it."""
    return bronze_suppliers.select(*TABLE.column_names)
