"""What voucher campaigns brought: how much more often those who hold a voucher order, estimated without knowing who got one."""

from pyiceberg.types import DecimalType, LongType, StringType, TimestamptzType
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, at_most_column, not_null, references
from iceberg.table import Column, FullRefresh, Table

RATIO = DecimalType(12, 4)
_CONFIDENCE = 1.96
"""Standard errors on both sides of an estimate that hold the truth in 95 of 100 cases."""
_WHO = ("holder", "other")

TABLE = Table(
    grain="one row per voucher campaign in which a regular customer ordered",
    key=("promotion_id",),
    columns=(
        Column("promotion_id", LongType(), "names the campaign, see silver.promotions"),
        Column("code", StringType(), "what customers know it by"),
        Column("discount_rate", DecimalType(5, 4), "share that the voucher takes off, 0 to 1"),
        Column("starts_at", TimestamptzType(), "from when on orders take it"),
        Column("ends_at", TimestamptzType(), "from when on they do not any more, as planned"),
        Column(
            "holder_count",
            LongType(),
            "regular customers who redeemed it, and so hold it for certain; regular: their first order came before it",
        ),
        Column(
            "holder_order_count", LongType(), "their orders while it ran, flagged ones (gold.mart_fraud_signals) left out here and below"
        ),
        Column("holder_repeat_count", LongType(), "pairs among these of orders of the same customer"),
        Column("other_count", LongType(), "regular customers who ordered meanwhile without it, and so do not hold it"),
        Column("other_order_count", LongType(), "their orders"),
        Column("other_repeat_count", LongType(), "pairs among these of orders of the same customer"),
        Column(
            "lift",
            RATIO,
            "times as often as without it a holder orders while it runs: the repeat orders per order of holders over those of others, over "
            "all campaigns of its discount rate, times how many more orders came from holders than in these campaigns on average. "
            "Assumes that vouchers go to regular customers by lot, an equal share in these campaigns, that holders use them on every order, "
            "and that a customer's orders within a campaign are independent (a Poisson process). Empty where nobody ordered twice",
        ),
        Column(
            "lift_low",
            RATIO,
            "lower end of the 95 % confidence interval of the lift, by the delta method on its logarithm; empty as the lift",
        ),
        Column("lift_high", RATIO, "upper end of that interval; empty as the lift"),
        Column(
            "extra_order_count",
            DecimalType(14, 2),
            "orders of holders that would not have come without it: their orders times (1 - 1 / lift)",
        ),
    ),
    refresh=FullRefresh(),
    checks=(
        references("promotion_id", "silver.promotions"),
        not_null("starts_at"),
        at_least("lift", 0),
        at_most_column("lift_low", "lift"),
        at_most_column("lift", "lift_high"),
        at_most_column("holder_count", "holder_order_count"),
        at_most_column("other_count", "other_order_count"),
        at_most_column("extra_order_count", "holder_order_count"),
    ),
    owner="product",
    fresh_within_minutes=15,
)


def transform(
    silver_promotions: DataFrame, silver_order_promotions: DataFrame, silver_orders: DataFrame, gold_mart_fraud_signals: DataFrame
) -> DataFrame:
    """The lift of each voucher campaign from the orders that came while it ran.

    The shop does not record who was offered a voucher, so orders cannot be
    divided by customers. But whoever orders during a campaign shows by that
    order whether they hold the voucher. With a rate of r orders in that time, a
    customer is expected to place r orders and r² / 2 pairs of orders. Over
    holders, whose rate is lift times r, pairs per order are lift times Σr² / 2Σr;
    over the others they are Σr² / 2Σr, since the lot makes both groups alike.
    Their ratio is the lift, and needs neither a time before the campaign nor the
    number of vouchers.
    """
    vouchers = silver_promotions.where("kind = 'voucher'").select("promotion_id", "code", "discount_rate", "starts_at", "ends_at")
    flagged = gold_mart_fraud_signals.where("is_flagged").select("customer_id", "order_id")
    orders = silver_orders.select("order_id", "customer_id", "ordered_at").join(flagged, on=["customer_id", "order_id"], how="left_anti")
    first = orders.groupBy("customer_id").agg(F.min("ordered_at").alias("first_at"))
    redeemed = silver_order_promotions.select("order_id", "promotion_id", F.lit(True).alias("is_redeemed"))
    of_customer = (
        orders.join(
            F.broadcast(vouchers), on=(F.col("ordered_at") >= F.col("starts_at")) & (F.col("ordered_at") < F.col("ends_at")), how="inner"
        )
        .join(first, on="customer_id", how="inner")
        .where(F.col("first_at") < F.col("starts_at"))
        .join(redeemed, on=["order_id", "promotion_id"], how="left")
        .groupBy("promotion_id", "customer_id")
        .agg(F.count(F.lit(1)).alias("orders"), F.coalesce(F.bool_or("is_redeemed"), F.lit(False)).alias("is_holder"))
        .withColumn("pairs", (F.col("orders") * (F.col("orders") - 1) / 2).cast("bigint"))
    )
    counted = of_customer.groupBy("promotion_id").agg(*_counts("holder", F.col("is_holder")), *_counts("other", ~F.col("is_holder")))
    return _estimated(vouchers.join(counted, on="promotion_id", how="inner")).select(*TABLE.column_names)


def _counts(who: str, belongs: Expression) -> list[Expression]:
    def total(value: Expression) -> Expression:
        return F.coalesce(F.sum(F.when(belongs, value)), F.lit(0))

    return [
        F.count_if(belongs).alias(f"{who}_count"),
        total(F.col("orders")).alias(f"{who}_order_count"),
        total(F.col("pairs")).alias(f"{who}_repeat_count"),
        total(F.col("pairs") * F.col("pairs")).alias(f"{who}_pairs_squared"),
    ]


def _estimated(counted: DataFrame) -> DataFrame:
    """Lift and its interval; sums are whole numbers, so that they do not depend on the order of rows."""
    alike = Window.partitionBy("discount_rate")
    names = [f"{who}_{what}" for who in _WHO for what in ("order_count", "repeat_count", "pairs_squared")]
    rows = counted.withColumns({f"all_{name}": F.sum(name).over(alike).cast("double") for name in names})
    pooled = F.try_divide(
        F.try_divide("all_holder_repeat_count", "all_holder_order_count"), F.try_divide("all_other_repeat_count", "all_other_order_count")
    )
    share = F.try_divide(
        F.try_divide("holder_order_count", "other_order_count"), F.try_divide("all_holder_order_count", "all_other_order_count")
    )
    # Relative variances, of which those of independent counts add up.
    of_repeats, of_other_repeats = (F.try_divide(f"all_{who}_pairs_squared", F.pow(f"all_{who}_repeat_count", F.lit(2))) for who in _WHO)
    of_orders, of_other_orders = (F.try_divide(F.lit(1.0), f"{who}_order_count") for who in _WHO)
    chance = of_repeats + of_other_repeats + of_orders + of_other_orders
    # A lift of nothing says that no holder ordered twice: too few to tell.
    lift = F.nullif(pooled * share, F.lit(0.0))
    spread = F.exp(F.lit(_CONFIDENCE) * F.sqrt(chance))
    exact = rows.withColumn("_lift", lift).withColumn("_spread", spread)
    return (
        exact.withColumn("lift", F.col("_lift").cast("decimal(12,4)"))
        .withColumn("lift_low", (F.col("_lift") / F.col("_spread")).cast("decimal(12,4)"))
        .withColumn("lift_high", (F.col("_lift") * F.col("_spread")).cast("decimal(12,4)"))
        .withColumn("extra_order_count", (F.col("holder_order_count") * (1 - F.lit(1.0) / F.col("_lift"))).cast("decimal(14,2)"))
    )
