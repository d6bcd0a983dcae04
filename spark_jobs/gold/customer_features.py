"""What was known of each customer at the start of a month, and nothing that came later: features for models.

A row says only what had happened before its instant, so it takes the times of
events and never a column that is overwritten, such as an order's status or a
customer's tier of today: those come from the histories. There is a row for each
month start that follows a month in which something happened to the customer;
through a silent month the newest row before it holds on, which a point-in-time
join finds. So a row depends on its customer alone, and not on how far the data
reach. Of an account that was erased all rows go.
"""

from pyiceberg.types import DateType, LongType, StringType
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import at_least, at_most_column, references
from iceberg.table import MONEY, Column, RecomputeTouched, Table, month
from spark_jobs.definitions.local_time import local_date
from spark_jobs.definitions.rates import RATE, rate

TABLE = Table(
    grain="one row per customer and month start that follows a month with something of theirs",
    key=("customer_id", "snapshot_date"),
    columns=(
        Column("customer_id", LongType(), "which customer, see silver.customers"),
        Column(
            "snapshot_date",
            DateType(),
            "first day of a month: everything in the row happened before it began in the shop's time zone; one ahead is not settled yet",
        ),
        Column("days_since_registration", LongType(), "days from sign-up to the snapshot date"),
        Column("signup_channel_code", StringType(), "channel they came through, see silver.channels"),
        Column("tier", StringType(), "loyalty tier at that time"),
        Column("order_count", LongType(), "orders placed until then"),
        Column("order_count_30_days", LongType(), "of these in the 30 days before"),
        Column("order_count_90_days", LongType(), "of these in the 90 days before"),
        Column("order_amount", MONEY, "items less discounts of all these orders, whatever became of them, in the shop's currency"),
        Column("order_amount_90_days", MONEY, "the same for the 90 days before"),
        Column("discount_rate", RATE, "share of the list price that discounts took off these orders; empty without an order"),
        Column("website_order_count", LongType(), "orders placed on the shop's own website"),
        Column("days_since_first_order", LongType(), "days from the first order to the snapshot date; empty without one"),
        Column("days_since_last_order", LongType(), "days from the newest order to the snapshot date; empty without one"),
        Column("days_between_orders", RATE, "mean days from one order to the next; empty with fewer than two"),
        Column("paid_order_count", LongType(), "orders whose payment had succeeded"),
        Column("failed_payment_count", LongType(), "attempts to pay that had failed"),
        Column("cancelled_order_count", LongType(), "orders that had been cancelled"),
        Column("delivered_order_count", LongType(), "orders that had arrived"),
        Column("refunded_amount", MONEY, "money that had been paid back, shipping and tax included"),
        Column("return_count", LongType(), "returns that had been asked for"),
        Column("ticket_count", LongType(), "support tickets that had been opened"),
        Column("review_count", LongType(), "reviews that had been written"),
        Column("average_rating", RATE, "mean stars of these, 1 to 5; empty without one"),
        Column("points_balance", LongType(), "loyalty points that were left"),
    ),
    partition_by=month("snapshot_date"),
    refresh=RecomputeTouched("customer_id", via="silver.orders"),
    checks=(
        at_least("days_since_registration", 1),
        at_least("days_since_last_order", 1),
        at_least("points_balance", 0),
        at_most_column("paid_order_count", "order_count"),
        at_most_column("order_count_30_days", "order_count_90_days"),
        at_most_column("order_count_90_days", "order_count"),
        references("customer_id", "silver.customers"),
    ),
    owner="customers",
    fresh_within_minutes=15,
)

# Every kind of thing that happens to a customer becomes a row of the same columns.
_EVENT = ("event_date", "kind", "amount", "list_amount", "number", "text")


def transform(
    silver_customers: DataFrame,
    silver_customer_history: DataFrame,
    silver_orders: DataFrame,
    silver_order_status_history: DataFrame,
    silver_payments: DataFrame,
    silver_order_returns: DataFrame,
    silver_support_tickets: DataFrame,
    silver_reviews: DataFrame,
    silver_loyalty_transactions: DataFrame,
    time_zone: str,
) -> DataFrame:
    """Each customer as they were known at the start of each month after something happened."""
    steps = silver_order_status_history.where("status in ('cancelled', 'delivered')")
    # An order is paid once, however often money moved for it.
    attempt = F.when(F.col("status") != "succeeded", F.col("payment_id"))
    payments = silver_payments.groupBy("order_id", "status", attempt).agg(
        F.min("paid_date").alias("paid_date"), F.sum("amount").alias("amount")
    )
    of_orders = _union(
        _events("order_id", steps, F.col("status"), local_date("changed_at", time_zone)),
        _events("order_id", payments, F.col("status"), F.col("paid_date"), amount=F.col("amount")),
        _events("order_id", silver_order_returns, F.lit("return"), F.col("requested_date")),
    )
    owned = of_orders.join(silver_orders.select("order_id", "customer_id"), on="order_id", how="inner")
    events = _union(
        owned.select("customer_id", *_EVENT),
        _events(
            "customer_id", silver_customers, F.lit("registered"), local_date("registered_at", time_zone), text=F.col("signup_channel_code")
        ),
        _events(
            "customer_id", silver_customer_history, F.lit("version"), local_date("changed_at", time_zone),
            number=F.col("version"), text=F.col("tier"),
        ),
        _events(
            "customer_id", silver_orders, F.lit("order"), F.col("order_date"),
            amount=F.col("net_amount"), list_amount=F.col("items_amount"), text=F.col("channel_code"),
        ),
        _events("customer_id", silver_support_tickets, F.lit("ticket"), F.col("opened_date")),
        _events("customer_id", silver_reviews, F.lit("review"), F.col("created_date"), number=F.col("rating")),
        _events("customer_id", silver_loyalty_transactions, F.lit("points"), F.col("happened_date"), number=F.col("points")),
    )  # fmt: skip
    known = _known_at_month_starts(events)
    return _derived(known.groupBy(*TABLE.key).agg(*_measures())).where("days_since_registration is not null").select(*TABLE.column_names)


def _events(
    owner: str,
    rows: DataFrame,
    kind: Expression,
    day: Expression,
    amount: Expression | None = None,
    list_amount: Expression | None = None,
    number: Expression | None = None,
    text: Expression | None = None,
) -> DataFrame:
    """The rows as events of ``owner``, the column that says whose they are."""
    nothing = F.lit(None)
    values = (
        day,
        kind,
        (nothing if amount is None else amount).cast("decimal(20,2)"),
        (nothing if list_amount is None else list_amount).cast("decimal(20,2)"),
        (nothing if number is None else number).cast("bigint"),
        (nothing if text is None else text).cast("string"),
    )
    return rows.select(owner, *(value.alias(name) for name, value in zip(_EVENT, values, strict=True)))


def _union(first: DataFrame, *others: DataFrame) -> DataFrame:
    for other in others:
        first = first.union(other)
    return first


def _known_at_month_starts(events: DataFrame) -> DataFrame:
    """Each event once for each month start behind it that follows a month with an event of the same customer."""
    of_customer = events.groupBy("customer_id").agg(
        F.collect_set(F.add_months(F.trunc("event_date", "month"), 1)).alias("starts"), F.collect_list(F.struct(*_EVENT)).alias("events")
    )
    each_start = of_customer.select("customer_id", F.explode("starts").alias("snapshot_date"), "events")
    before = F.filter("events", lambda event: event["event_date"] < F.col("snapshot_date"))
    return each_start.select("customer_id", "snapshot_date", F.inline(before))


def _measures() -> list[Expression]:
    def of(kind: str, days: int | None = None) -> Expression:
        is_kind = F.col("kind") == kind
        return is_kind if days is None else is_kind & (F.col("event_date") >= F.date_sub("snapshot_date", days))

    def money(holds: Expression, column: str = "amount") -> Expression:
        return F.coalesce(F.sum(F.when(holds, F.col(column))), F.lit(0)).cast("decimal(20,2)")

    def numbers(kind: str) -> Expression:
        return F.coalesce(F.sum(F.when(of(kind), F.col("number"))), F.lit(0)).cast("bigint")

    def day(kind: str, pick: str) -> Expression:
        days = F.when(of(kind), F.col("event_date"))
        return F.min(days) if pick == "first" else F.max(days)

    def of_version(column: str) -> Expression:
        return F.when(of("version"), F.col(column))

    def since(date: Expression) -> Expression:
        return F.datediff("snapshot_date", date).cast("bigint")

    first, last = day("order", "first"), day("order", "last")
    orders = F.count_if(of("order"))
    return [
        since(day("registered", "first")).alias("days_since_registration"),
        F.max(F.when(of("registered"), F.col("text"))).alias("signup_channel_code"),
        F.max_by(of_version("text"), of_version("number")).alias("tier"),
        orders.alias("order_count"),
        F.count_if(of("order", 30)).alias("order_count_30_days"),
        F.count_if(of("order", 90)).alias("order_count_90_days"),
        money(of("order")).alias("order_amount"),
        money(of("order", 90)).alias("order_amount_90_days"),
        money(of("order"), "list_amount").alias("list_amount"),
        F.count_if(of("order") & (F.col("text") == "website")).alias("website_order_count"),
        since(first).alias("days_since_first_order"),
        since(last).alias("days_since_last_order"),
        F.count_if(of("succeeded")).alias("paid_order_count"),
        F.count_if(of("failed")).alias("failed_payment_count"),
        F.count_if(of("cancelled")).alias("cancelled_order_count"),
        F.count_if(of("delivered")).alias("delivered_order_count"),
        money(of("refunded")).alias("refunded_amount"),
        F.count_if(of("return")).alias("return_count"),
        F.count_if(of("ticket")).alias("ticket_count"),
        F.count_if(of("review")).alias("review_count"),
        numbers("review").alias("rating_sum"),
        numbers("points").alias("points_balance"),
    ]


def _derived(measured: DataFrame) -> DataFrame:
    span = F.col("days_since_first_order") - F.col("days_since_last_order")
    return (
        measured.withColumn("discount_rate", rate(F.col("list_amount") - F.col("order_amount"), "list_amount"))
        .withColumn("days_between_orders", rate(span, F.when(F.col("order_count") > 1, F.col("order_count") - 1)))
        .withColumn("average_rating", rate("rating_sum", "review_count"))
    )
