"""How an order was paid: the one rule behind every table that has a payment method.

The shop knows no method but those of attempts to pay, and cash on delivery is
attempted at the door. So an order has a method once it is paid. What a customer
meant to pay with is unknown before, and of most cancelled orders for ever.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

PAYMENT_METHODS = ("cod", "card", "e_wallet", "bank_transfer")
"""How an attempt to pay can be made."""

NOT_PAID = "not_paid"
"""What stands for the method of an order without a payment that succeeded."""


def with_payment_method(orders: DataFrame, silver_payments: DataFrame) -> DataFrame:
    """Orders with their ``payment_method``: of the payment that succeeded, the first one should there be more; else NOT_PAID."""
    succeeded = silver_payments.where("status = 'succeeded'")
    methods = succeeded.groupBy("order_id").agg(F.min_by("method", F.struct("attempt", "payment_id")).alias("payment_method"))
    return orders.join(methods, on="order_id", how="left").withColumn("payment_method", F.coalesce("payment_method", F.lit(NOT_PAID)))
