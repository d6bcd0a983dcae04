"""How the customers of a month come back: the retention triangle by first order.

Every order belongs to its customer's cohort, so trade touches most cohorts each
time; the table is small (months times months) and reads customers' months, not
orders, so it is written whole.
"""

from pyiceberg.types import DateType, IntegerType, LongType
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, at_most_column, sums_to
from iceberg.table import MONEY, Column, DistinctCount, FullRefresh, MadeOf, Ratio, Table
from spark_jobs.definitions.rates import RATE, rates_of

_COHORT = "min(activity_month) over (partition by customer_id)"

TABLE = Table(
    grain="one row per month of first orders and month since, up to the newest",
    key=("cohort_month", "months_since"),
    columns=(
        Column("cohort_month", DateType(), "first day of the month of the customers' first order, cancelled ones included"),
        Column("months_since", IntegerType(), "calendar months since then, 0 for that month itself"),
        Column("activity_month", DateType(), "first day of the month that this is about; the newest is not over yet", required=True),
        Column("customer_count", LongType(), "customers of the cohort"),
        Column(
            "active_customer_count",
            LongType(),
            "of these who ordered in the activity month, cancelled orders included",
            made=DistinctCount("customer_id"),
        ),
        Column("order_count", LongType(), "their orders in that month, cancelled ones included"),
        Column("paid_order_count", LongType(), "of these with a successful payment and not cancelled"),
        Column("net_revenue", MONEY, "their net revenue by the month of the order, in the shop's currency"),
        Column(
            "retention_rate",
            RATE,
            "active customers by customers of the cohort, 0 to 1",
            made=Ratio("active_customer_count", "customer_count"),
        ),
    ),
    refresh=FullRefresh(
        MadeOf("gold.customer_months", _COHORT, f"date_diff('month', {_COHORT}, activity_month)", where="order_count > 0"),
    ),
    checks=(
        at_least("customer_count", 1),
        at_least("net_revenue", 0),
        at_most_column("active_customer_count", "customer_count"),
        sums_to("order_count", "gold.customer_months", "order_count"),
        sums_to("net_revenue", "gold.customer_months", "net_revenue"),
    ),
    owner="customers",
    fresh_within_minutes=15,
)


def transform(gold_customer_months: DataFrame) -> DataFrame:
    """Each cohort in each month since, those in which nobody came included."""
    months = gold_customer_months.where("order_count > 0")
    cohort_of = months.groupBy("customer_id").agg(F.min("activity_month").alias("cohort_month"))
    cohorts = cohort_of.groupBy("cohort_month").agg(F.count(F.lit(1)).alias("customer_count"))
    newest = months.agg(F.max("activity_month").alias("_newest"))
    each = F.explode(F.sequence("cohort_month", "_newest", F.expr("interval 1 month"))).alias("activity_month")
    grid = cohorts.crossJoin(F.broadcast(newest)).select("cohort_month", "customer_count", each)
    active = (
        months.join(cohort_of, on="customer_id", how="inner")
        .groupBy("cohort_month", "activity_month")
        .agg(
            F.count(F.lit(1)).alias("active_customer_count"),
            F.sum("order_count").alias("order_count"),
            F.sum("paid_order_count").alias("paid_order_count"),
            F.sum("net_revenue").alias("net_revenue"),
        )
    )
    counts = {name: F.coalesce(name, F.lit(0)) for name in ("active_customer_count", "order_count", "paid_order_count")}
    return (
        grid.join(active, on=["cohort_month", "activity_month"], how="left")
        .withColumns(counts)
        .withColumn("net_revenue", F.coalesce("net_revenue", F.lit(0)).cast("decimal(20,2)"))
        .withColumn("months_since", F.round(F.months_between("activity_month", "cohort_month")).cast("int"))
        .withColumns(rates_of(TABLE))
        .select(*TABLE.column_names)
    )
