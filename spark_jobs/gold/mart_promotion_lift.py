"""What voucher campaigns brought: how much more often those who got the voucher order than those who were held out."""

from pyiceberg.types import DecimalType, LongType, StringType, TimestamptzType
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, at_most_column, not_null, references
from iceberg.table import MONEY, Column, FullRefresh, Table
from spark_jobs.definitions.rates import CONFIDENCE_95

RATIO = DecimalType(12, 4)

TABLE = Table(
    grain="one row per voucher campaign for which somebody was drawn",
    key=("promotion_id",),
    columns=(
        Column("promotion_id", LongType(), "names the campaign, see silver.promotions"),
        Column("code", StringType(), "what customers know it by"),
        Column("discount_rate", DecimalType(5, 4), "share that the voucher takes off, 0 to 1"),
        Column("starts_at", TimestamptzType(), "from when on orders take it"),
        Column("ends_at", TimestamptzType(), "from when on they do not any more, as planned"),
        Column("treated_count", LongType(), "customers who got the voucher, see silver.campaign_contacts"),
        Column(
            "treated_order_count",
            LongType(),
            "their orders while it ran, with the voucher or without; flagged ones (gold.mart_fraud_signals) left out here and below",
        ),
        Column("held_out_count", LongType(), "customers who were drawn too and got none"),
        Column("held_out_order_count", LongType(), "their orders while it ran"),
        Column("discount_amount", MONEY, "what the voucher took off those orders, in the shop's currency"),
        Column(
            "lift",
            RATIO,
            "times as often as without it a customer who got it orders while it runs: orders per treated customer over orders per held-out "
            "one, which a lot makes alike. Empty where one of the two groups placed no order",
        ),
        Column(
            "lift_low",
            RATIO,
            "lower end of the 95 % confidence interval of the lift, by the delta method on its logarithm, customers being "
            "independent of each other; empty as the lift",
        ),
        Column("lift_high", RATIO, "upper end of that interval; empty as the lift"),
        Column(
            "extra_order_count",
            DecimalType(14, 2),
            "orders of the treated that would not have come without it: their orders times (1 - 1 / lift); empty as the lift",
        ),
    ),
    refresh=FullRefresh(),
    checks=(
        references("promotion_id", "silver.promotions"),
        not_null("starts_at"),
        at_least("treated_count", 0),
        at_least("held_out_count", 0),
        at_least("discount_amount", 0),
        at_least("lift", 0),
        at_most_column("lift_low", "lift"),
        at_most_column("lift", "lift_high"),
        at_most_column("extra_order_count", "treated_order_count"),
    ),
    owner="product",
    fresh_within_minutes=15,
)


def transform(
    silver_promotions: DataFrame,
    silver_campaign_contacts: DataFrame,
    silver_orders: DataFrame,
    silver_order_promotions: DataFrame,
    gold_mart_fraud_signals: DataFrame,
) -> DataFrame:
    """The lift of each voucher campaign by the groups that were drawn for it, whatever their customers then did with it."""
    vouchers = silver_promotions.where("kind = 'voucher'").select("promotion_id", "code", "discount_rate", "starts_at", "ends_at")
    drawn = silver_campaign_contacts.select("promotion_id", "customer_id", "is_held_out")
    flagged = gold_mart_fraud_signals.where("is_flagged").select("customer_id", "order_id")
    orders = silver_orders.select("order_id", "customer_id", "ordered_at").join(flagged, on=["customer_id", "order_id"], how="left_anti")
    meanwhile = (F.col("ordered_at") >= F.col("starts_at")) & (F.col("ordered_at") < F.col("ends_at"))
    bought = (
        orders.join(F.broadcast(vouchers.select("promotion_id", "starts_at", "ends_at")), on=meanwhile, how="inner")
        .join(silver_order_promotions.select("order_id", "promotion_id", "discount_amount"), on=["order_id", "promotion_id"], how="left")
        .groupBy("promotion_id", "customer_id")
        .agg(F.count(F.lit(1)).alias("orders"), F.sum("discount_amount").alias("discount"))
    )
    of_customer = drawn.join(bought, on=["promotion_id", "customer_id"], how="left").fillna(0, ["orders"])
    counted = of_customer.groupBy("promotion_id").agg(
        *_counts("treated", ~F.col("is_held_out")),
        *_counts("held_out", F.col("is_held_out")),
        F.coalesce(F.sum("discount"), F.lit(0)).cast("decimal(20,2)").alias("discount_amount"),
    )
    return _estimated(vouchers.join(counted, on="promotion_id", how="inner")).select(*TABLE.column_names)


def _counts(group: str, belongs: Expression) -> list[Expression]:
    def total(value: Expression) -> Expression:
        return F.coalesce(F.sum(F.when(belongs, value)), F.lit(0))

    return [
        F.count_if(belongs).alias(f"{group}_count"),
        total(F.col("orders")).alias(f"{group}_order_count"),
        total(F.col("orders") * F.col("orders")).alias(f"{group}_squares"),
    ]


def _estimated(counted: DataFrame) -> DataFrame:
    """Lift and its interval; sums are whole numbers, so that they do not depend on the order of rows."""

    def chance(group: str) -> Expression:
        """Relative variance of the orders of a group: that of a sum over independent customers."""
        orders = F.col(f"{group}_order_count").cast("double")
        return F.try_divide(F.col(f"{group}_squares").cast("double"), orders * orders) - F.try_divide(F.lit(1.0), f"{group}_count")

    rates = [F.try_divide(F.col(f"{group}_order_count").cast("double"), f"{group}_count") for group in ("treated", "held_out")]
    # A lift of nothing says that no treated customer ordered: too few to tell.
    lift = F.nullif(F.try_divide(*rates), F.lit(0.0))
    spread = F.exp(F.lit(CONFIDENCE_95) * F.sqrt(chance("treated") + chance("held_out")))
    exact = counted.withColumn("_lift", lift).withColumn("_spread", spread)
    return (
        exact.withColumn("lift", F.col("_lift").cast("decimal(12,4)"))
        .withColumn("lift_low", (F.col("_lift") / F.col("_spread")).cast("decimal(12,4)"))
        .withColumn("lift_high", (F.col("_lift") * F.col("_spread")).cast("decimal(12,4)"))
        .withColumn("extra_order_count", (F.col("treated_order_count") * (1 - F.lit(1.0) / F.col("_lift"))).cast("decimal(14,2)"))
    )
