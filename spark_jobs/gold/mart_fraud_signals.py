"""Orders that look like fraud: what speaks for it, how strongly, and for which kind."""

from pyiceberg.types import BooleanType, DateType, DecimalType, IntegerType, LongType, StringType, TimestamptzType
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from iceberg.quality.checks import accepted_values, at_least, not_null, references
from iceberg.table import Column, RecomputeTouched, Table
from spark_jobs.definitions.fraud import FLAGGED_FROM, KINDS, MOST_POINTS, WORTH_A_LOOK_FROM, scored

_DAY_SECONDS = 24 * 3_600
_BURST_SECONDS = 6 * 3_600
_CLAIMS = ("never_arrived", "not_as_described")

TABLE = Table(
    grain=f"one row per order with a score of at least {WORTH_A_LOOK_FROM}; an order may come, go and change its score as later evidence comes",
    key=("customer_id", "order_id"),
    columns=(
        Column("customer_id", LongType(), "who ordered, see silver.customers"),
        Column("order_id", LongType(), "number of the order, see silver.orders"),
        Column("ordered_at", TimestamptzType(), "when the order was placed"),
        Column("order_date", DateType(), "day the order was placed, in the shop's time zone"),
        Column(
            "score",
            IntegerType(),
            f"points of all rules that hold (see spark_jobs/definitions/fraud.py), 0 to {MOST_POINTS}; no probability",
            required=True,
        ),
        Column("is_flagged", BooleanType(), f"whether the score is at least {FLAGGED_FROM}", required=True),
        Column("looks_like", StringType(), "kind of fraud whose rules have most points: " + ", ".join(KINDS), required=True),
        Column("reasons", StringType(), "what speaks for it, in words, the strongest first", required=True),
        Column("device_account_count", LongType(), "accounts that ordered from its device within twelve hours of it, its own included"),
        Column("device_order_count", LongType(), "orders from its device within twelve hours of it"),
        Column("device_card_count", LongType(), "cards that were used or tried on its device within twelve hours of it"),
        Column("device_declined_count", LongType(), "of the orders from its device, those that a card was declined for and nothing paid"),
        Column("account_age_hours", DecimalType(12, 1), "age of the account when it ordered, in hours; empty when the account is gone"),
        Column("has_promotion", BooleanType(), "whether it took an offer"),
        Column("is_placed_elsewhere", BooleanType(), "whether it was placed from another province than it goes to"),
        Column("is_new_device", BooleanType(), "whether the customer had ordered before, but from this device not until a day before"),
        Column("is_new_address", BooleanType(), "whether its address was added in the day before it, to an account older than that"),
        Column("is_contact_changed", BooleanType(), "whether telephone or email of the account changed in the day before it"),
        Column(
            "usual_price_ratio",
            DecimalType(12, 1),
            "its dearest piece, as a multiple of the mean of those of the customer's orders more than a day before; empty where there are none",
        ),
        Column("burst_order_count", LongType(), "orders of the customer within six hours of it, itself included"),
        Column("burst_claim_count", LongType(), "of these, those claimed as never arrived or not as described"),
        Column("is_claimed", BooleanType(), "whether it is claimed so itself"),
    ),
    refresh=RecomputeTouched("customer_id", via="silver.orders"),
    checks=(
        at_least("score", WORTH_A_LOOK_FROM),
        accepted_values("looks_like", *KINDS),
        not_null("ordered_at"),
        at_least("burst_order_count", 1),
        at_least("device_account_count", 1),
        references("order_id", "silver.orders"),
        references("customer_id", "silver.customers"),
    ),
    owner="risk",
    fresh_within_minutes=15,
)


def transform(
    silver_orders: DataFrame,
    silver_order_items: DataFrame,
    silver_order_promotions: DataFrame,
    silver_order_returns: DataFrame,
    silver_customers: DataFrame,
    silver_customer_addresses: DataFrame,
    silver_customer_history: DataFrame,
    gold_fraud_device_signals: DataFrame,
) -> DataFrame:
    """The orders whose rules add up to enough points."""
    orders = _with_what_was_bought(silver_orders, silver_order_items, silver_order_promotions, silver_order_returns)
    orders = _with_device(orders, gold_fraud_device_signals)
    orders = _with_account(orders, silver_customers, silver_customer_addresses, silver_customer_history)
    return scored(_with_habits(orders)).where(F.col("score") >= WORTH_A_LOOK_FROM).select(*TABLE.column_names)


def _with_what_was_bought(orders: DataFrame, items: DataFrame, promotions: DataFrame, returns: DataFrame) -> DataFrame:
    dearest = items.groupBy("order_id").agg(F.max("list_price").alias("dearest"))
    taken = promotions.groupBy("order_id").agg(F.lit(True).alias("_promotion"))
    claims = returns.where(F.col("reason").isin(*_CLAIMS)).groupBy("order_id").agg(F.lit(True).alias("_claim"))
    return (
        orders.select("customer_id", "order_id", "address_id", "device_id", "placed_from", "ordered_at", "order_date")
        .join(dearest, on="order_id", how="left")
        .join(taken, on="order_id", how="left")
        .join(claims, on="order_id", how="left")
        .withColumn("has_promotion", F.coalesce("_promotion", F.lit(False)))
        .withColumn("is_claimed", F.coalesce("_claim", F.lit(False)))
    )


def _with_device(orders: DataFrame, devices: DataFrame) -> DataFrame:
    """What happened around each order on its device; alone there as a rule."""
    around = devices.select(
        "customer_id",
        "order_id",
        F.col("account_count").alias("device_account_count"),
        F.col("order_count").alias("device_order_count"),
        F.col("card_count").alias("device_card_count"),
        F.col("declined_order_count").alias("device_declined_count"),
    )
    joined = orders.join(around, on=["customer_id", "order_id"], how="left")
    alone: dict[str, bool | float | int | str] = {
        "device_account_count": 1,
        "device_order_count": 1,
        "device_card_count": 0,
        "device_declined_count": 0,
    }
    return joined.fillna(alone)


def _with_account(orders: DataFrame, customers: DataFrame, addresses: DataFrame, history: DataFrame) -> DataFrame:
    """What the account looked like when it ordered."""
    since = F.unix_seconds("ordered_at") - F.unix_seconds("registered_at")
    versions = Window.partitionBy("customer_id").orderBy("version")
    changes = (
        history.withColumn("_phone", F.lag("phone").over(versions))
        .withColumn("_email", F.lag("email").over(versions))
        .where(
            (F.col("operation") == "update") & (~F.col("phone").eqNullSafe(F.col("_phone")) | ~F.col("email").eqNullSafe(F.col("_email")))
        )
        .select("customer_id", "changed_at")
    )
    recent = (
        orders.select("customer_id", "order_id", "ordered_at")
        .join(changes, on="customer_id", how="inner")
        .where(_is_within(F.col("changed_at"), _DAY_SECONDS))
        .groupBy("order_id")
        .agg(F.lit(True).alias("_changed"))
    )
    return (
        orders.join(customers.select("customer_id", "registered_at"), on="customer_id", how="left")
        .join(addresses.select("customer_id", "address_id", "province", "created_at"), on=["customer_id", "address_id"], how="left")
        .join(recent, on="order_id", how="left")
        .withColumn("account_age_hours", (since / F.lit(3600)).cast("decimal(12,1)"))
        .withColumn("is_placed_elsewhere", F.coalesce(F.col("placed_from") != F.col("province"), F.lit(False)))
        .withColumn(
            "is_new_address",
            F.coalesce(_is_within(F.col("created_at"), _DAY_SECONDS) & (F.col("registered_at") < F.col("created_at")), F.lit(False)),
        )
        .withColumn("is_contact_changed", F.coalesce("_changed", F.lit(False)))
    )


def _with_habits(orders: DataFrame) -> DataFrame:
    """How each order compares with the customer's others."""
    customer = Window.partitionBy("customer_id")
    by_time = customer.orderBy(F.unix_seconds("ordered_at"))
    burst = by_time.rangeBetween(-_BURST_SECONDS, _BURST_SECONDS)
    before = by_time.rangeBetween(Window.unboundedPreceding, -_DAY_SECONDS)
    first_use = F.min("ordered_at").over(Window.partitionBy("customer_id", "device_id"))
    usual = F.sum("dearest").over(before) / F.count("dearest").over(before)
    return (
        orders.withColumn("_first_use", first_use)
        .withColumn(
            "is_new_device", _is_within(F.col("_first_use"), _DAY_SECONDS) & (F.min("ordered_at").over(customer) < F.col("_first_use"))
        )
        .withColumn("usual_price_ratio", F.try_divide("dearest", usual).cast("decimal(12,1)"))
        .withColumn("burst_order_count", F.count(F.lit(1)).over(burst))
        .withColumn("burst_claim_count", F.count(F.when(F.col("is_claimed"), 1)).over(burst))
    )


def _is_within(instant: Expression, seconds: int) -> Expression:
    """Whether an instant lies at most so long before the order."""
    gap = F.unix_seconds("ordered_at") - F.unix_seconds(instant)
    return (gap >= 0) & (gap <= seconds)
