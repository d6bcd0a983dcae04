"""How fast the money in the stock of one product turns over, month by month."""

from pyiceberg.types import BooleanType, DateType, DecimalType, LongType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, references, sums_to
from iceberg.table import MONEY, Column, FullRefresh, Ratio, Table
from spark_jobs.definitions.stock_value import TURNOVER, stock_months

TABLE = Table(
    grain="one row per month and product, from the product's first movement on",
    key=("stock_month", "product_id"),
    columns=(
        Column("stock_month", DateType(), "first day of the month, in the shop's time zone"),
        Column("product_id", LongType(), "what lies in stock, see silver.products"),
        Column("day_count", LongType(), "days of the month between the first and the newest movement in the shop's log of stock"),
        Column("opening_stock_value", MONEY, "what the pieces in all warehouses had cost at the month's beginning, in the shop's currency"),
        Column("closing_stock_value", MONEY, "the same at its end, or after the newest movement"),
        Column("value_change", MONEY, "closing less opening stock value"),
        Column("average_stock_value", MONEY, "mean of that value over the ends of the month's days, as far as the log goes"),
        Column(
            "cost_of_goods_sold",
            MONEY,
            "what the pieces that left with parcels in the month had cost, first in first out, less what came back",
        ),
        Column(
            "turnover",
            TURNOVER,
            "cost of goods sold divided by the average stock value, in this month as far as the log goes (S. Ross, R. Westerfield, "
            "J. Jaffe, Corporate Finance, 10th edition, chapter 3); empty where there was no stock",
            made=Ratio("cost_of_goods_sold", "average_stock_value"),
        ),
        Column(
            "days_of_cover",
            DecimalType(12, 2),
            "days for which the average stock lasts at the month's cost of goods sold a day (days' sales in inventory, the same place); "
            "empty where nothing was sold",
        ),
        Column(
            "is_complete",
            BooleanType(),
            "whether the shop's log of stock has the whole month: it begins by its first day, and the newest movement came after its last. "
            "While false, cost of goods sold and turnover are those of day_count days and below a whole month's",
            required=True,
        ),
    ),
    refresh=FullRefresh(),
    checks=(
        references("product_id", "silver.products"),
        at_least("average_stock_value", 0),
        at_least("opening_stock_value", 0),
        at_least("closing_stock_value", 0),
        at_least("day_count", 1),
        sums_to("value_change", "gold.daily_stock_movements", "value_change"),
    ),
    owner="operations",
    fresh_within_minutes=15,
)


def transform(gold_daily_stock_movements: DataFrame) -> DataFrame:
    """Turnover of each product in each month since it first moved, months without a movement included."""
    return (
        stock_months(gold_daily_stock_movements, "product_id")
        .withColumn(
            "days_of_cover",
            F.when(F.col("sold") > 0, F.col("average_stock_value") * F.col("day_count") / F.col("cost_of_goods_sold")).cast(
                "decimal(12,2)"
            ),
        )
        .select(*TABLE.column_names)
    )
