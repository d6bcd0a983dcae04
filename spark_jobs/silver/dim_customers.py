"""A customer over time: one row for each stretch in which the shop knew the same of them."""

from pyiceberg.types import BooleanType, DateType, IntegerType, LongType, StringType, TimestamptzType
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from iceberg.quality.checks import accepted_values, at_least, not_null, references, without_gap
from iceberg.table import Column, RecomputeTouched, Table

TABLE = Table(
    grain="one row per customer and version",
    key=("customer_id", "version"),
    columns=(
        Column("customer_id", LongType(), "number of the customer"),
        Column(
            "version", IntegerType(), "1 for the first, counting up; versions of silver.customer_history that changed nothing have none"
        ),
        Column("valid_from", TimestamptzType(), "when the version began"),
        Column("valid_to", TimestamptzType(), "when it ended: the instant itself is not part of it; empty while it goes on"),
        Column("is_current", BooleanType(), "whether it goes on"),
        Column("is_deleted", BooleanType(), "whether it ended because the account was deleted"),
        Column("full_name", StringType(), "name in full", is_personal=True),
        Column("email", StringType(), "address for messages", is_personal=True),
        Column("phone", StringType(), "number, where given", is_personal=True),
        Column("birth_date", DateType(), "day of birth, where given", is_personal=True),
        Column("tier", StringType(), "loyalty tier: bronze, silver, gold or platinum"),
        Column("signup_channel_code", StringType(), "channel they came through, see silver.channels"),
        Column("province", StringType(), "province of the default address; empty before there is one, and of deleted accounts"),
    ),
    refresh=RecomputeTouched("customer_id"),
    checks=(
        at_least("version", 1),
        not_null("valid_from"),
        without_gap("customer_id", "valid_from", "valid_to", ended="is_deleted"),
        accepted_values("tier", "bronze", "silver", "gold", "platinum"),
        references("signup_channel_code", "silver.channels", "channel_code"),
    ),
)

_ACCOUNT = ("full_name", "email", "phone", "birth_date", "tier", "signup_channel_code")


def transform(silver_customer_history: DataFrame, silver_customer_addresses: DataFrame) -> DataFrame:
    """The versions of each customer, in the order of their instants, however late they became known.

    Of several versions of one instant the last is the one that lasted. A version
    that changes nothing begins nothing.
    """
    account = F.struct("operation", *_ACCOUNT)
    history = silver_customer_history.groupBy("customer_id", F.col("changed_at").alias("valid_from")).agg(
        F.max_by(account, "version").alias("account")
    )
    known = history.join(_default_provinces(silver_customer_addresses), on=["customer_id", "valid_from"], how="full_outer")
    by_time = Window.partitionBy("customer_id").orderBy("valid_from")
    known = known.select(
        "customer_id",
        "valid_from",
        F.last("account", ignorenulls=True).over(by_time).alias("account"),
        F.last("home", ignorenulls=True).over(by_time).alias("home"),
    ).where("account is not null")

    is_gone = F.col("account.operation") == "delete"
    state = F.struct(is_gone.alias("is_gone"), *(F.when(~is_gone, F.col(f"account.{name}")).alias(name) for name in _ACCOUNT))
    province = F.when(~is_gone, F.col("home.province"))
    stretches = known.select("customer_id", "valid_from", state.withField("province", province).alias("state"))
    begins = ~F.coalesce(F.col("state") == F.lag("state").over(by_time), F.lit(False))
    stretches = stretches.withColumn("begins", begins).where("begins")
    following = stretches.withColumns(
        {
            "valid_to": F.lead("valid_from").over(by_time),
            "is_deleted": F.coalesce(F.lead("state.is_gone").over(by_time), F.lit(False)),
        }
    ).where("not state.is_gone")
    return following.select(
        "customer_id",
        F.row_number().over(by_time).alias("version"),
        "valid_from",
        "valid_to",
        F.col("valid_to").isNull().alias("is_current"),
        "is_deleted",
        *(F.col(f"state.{name}") for name in (*_ACCOUNT, "province")),
    ).select(*TABLE.column_names)


def _default_provinces(addresses: DataFrame) -> DataFrame:
    """Where customers lived from when on, as ``home.province``, from what the shop still knows of their addresses.

    The log of changes says more, but only of what was captured live: a shop that
    is loaded later would have another past. An address becomes the default when
    it is entered; the one that is so now, at the latest when it was last changed.
    One that never changed and is not the default never was.
    """
    entered = addresses.where("is_default or updated_at > created_at").withColumn("valid_from", F.col("created_at"))
    chosen = addresses.where("is_default").withColumn("valid_from", F.col("updated_at"))
    # Of the same instant, the address that is the default now counts.
    place = F.struct("is_default", "address_id")
    return entered.union(chosen).groupBy("customer_id", "valid_from").agg(F.max_by(F.struct("province"), place).alias("home"))
