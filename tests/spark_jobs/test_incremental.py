"""Incremental equals full: random lives of a small shop, built step by step and then from scratch."""

import os
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from spark_jobs.run import build
from tests.spark_jobs.bronze_rows import START, Bronze, channel, line, order, payment, place
from tests.spark_jobs.fixtures import Traded
from tests.spark_jobs.lake_rows import SALES, assert_incremental_equals_full

pytestmark = pytest.mark.integration

EXAMPLES = int(os.environ.get("SHOPLAKE_PROPERTY_EXAMPLES", "2"))

TABLES = (
    *SALES, "gold.hourly_sales", "gold.monthly_sales", "gold.sales_by_category", "gold.sales_by_province", "gold.sales_by_payment_method", "gold.daily_profit",
    "gold.fulfilment_times", "gold.product_deliveries", "gold.quarterly_sales", "silver.fact_payments",
)  # fmt: skip

PAID_BACK = 100
"""What is given back of a payment has its number and so much more."""

steps = st.lists(
    st.tuples(
        st.sampled_from(["place", "place", "status", "move", "refund", "repay", "price", "delete", "truncate payments"]),
        st.integers(1, 8),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=5,
)


class Shop:
    """What the source holds, so that each change of it is one that could happen."""

    def __init__(self, bronze: Bronze) -> None:
        self.bronze = bronze
        self.orders = {number: dict(order(number)) for number in (1, 2, 3)}
        self.orders[2]["ordered_at"] = self.orders[3]["ordered_at"] = START + timedelta(days=1)
        self.orders[3]["channel_code"] = "tiki"
        self.payments = {number: dict(payment(number, number)) for number in (1, 2, 3)}

    def do(self, what: str, number: int, choice: int) -> None:
        """One change, or a few in one transaction; what cannot be done is left."""
        if what == "place" and number not in self.orders and number not in self.payments:
            self.orders[number] = dict(order(number, START + timedelta(hours=16 * choice), ("shopee", "tiki", "lazada", "website")[choice]))
            self.payments[number] = dict(payment(number, number))
            self.bronze.change("insert", "orders", [self.orders[number]])
            self.bronze.change("insert", "order_items", [line(number)])
            self.bronze.change("insert", "payments", [self.payments[number]])
        elif what == "truncate payments":
            # Of what came back from its customer, the payments are put in again.
            returned = {key for key, one in self.orders.items() if one["status"] == "returned"}
            self.payments = {key: paid for key, paid in self.payments.items() if paid["order_id"] in returned}
            self.bronze.change("truncate", "payments", [{}])
            if self.payments:
                self.bronze.change("insert", "payments", list(self.payments.values()))
        elif what in ("status", "move", "price") and number in self.orders:
            self._change_order(what, number, choice)
        elif what in ("refund", "repay") and number in self.payments and self.orders:
            self._change_payment(what, number, choice)
        elif what == "delete" and number in self.orders:
            gone = [key for key, paid in self.payments.items() if paid["order_id"] == number]
            self.bronze.change("delete", "payments", [{"payment_id": key} for key in gone])
            self.bronze.change("delete", "order_items", [{"order_id": number, "line_number": 1}])
            self.bronze.change("delete", "orders", [{"order_id": number}])
            self.payments = {key: paid for key, paid in self.payments.items() if key not in gone}
            del self.orders[number]

    def _is_paid(self, number: int) -> bool:
        return any(paid["order_id"] == number and paid["status"] == "succeeded" for paid in self.payments.values())

    def _change_payment(self, what: str, number: int, choice: int) -> None:
        """Money is given back once and never beyond what was paid, and an order is paid once: who pays for another takes that payment's place."""
        paid = self.payments[number]
        order_id, back = paid["order_id"], number + PAID_BACK
        if what == "refund" and paid["status"] == "succeeded" and back not in self.payments:
            self.payments[back] = dict(payment(back, order_id, "refunded")) | {"amount": paid["amount"]}
            self.bronze.change("insert", "payments", [self.payments[back]])
        elif what == "repay":
            other = sorted(self.orders)[choice % len(self.orders)]
            is_returned = order_id in self.orders and self.orders[order_id]["status"] == "returned"
            if is_returned or back in self.payments or self.orders[other]["total_amount"] != paid["amount"]:
                return
            taken = [key for key, one in self.payments.items() if one["order_id"] == other and key != number]
            if any(key > PAID_BACK for key in taken):
                return
            self.bronze.change("delete", "payments", [{"payment_id": key} for key in taken])
            self.payments = {key: one for key, one in self.payments.items() if key not in taken}
            paid["order_id"] = other
            self.bronze.change("update", "payments", [paid])

    def _change_order(self, what: str, number: int, choice: int) -> None:
        if what == "status":
            status = ("paid", "shipped", "cancelled", "returned")[choice]
            if status == "returned" and not self._is_paid(number):
                return
            self.orders[number]["status"] = status
        elif what == "move":
            self.orders[number] |= {"ordered_at": START + timedelta(hours=11 * choice), "channel_code": ("tiki", "shopee")[choice % 2]}
        else:
            amount = 50 * (choice + 1)
            self.orders[number] |= {name: order(number, amount=amount)[name] for name in ("items_amount", "total_amount")}
            self.bronze.change("update", "order_items", [line(number, amount)])
            for paid in self.payments.values():
                if paid["order_id"] == number:
                    paid["amount"] = Decimal(amount)
                    self.bronze.change("update", "payments", [paid])
        self.bronze.change("update", "orders", [self.orders[number]])


@pytest.mark.long
@settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(batches=st.lists(steps, min_size=2, max_size=2))
def test_building_step_by_step_gives_the_same_rows_as_building_from_scratch(
    batches: list[list[tuple[str, int, int]]], traded_again: Callable[[], Traded]
) -> None:
    traded = traded_again()
    shop = Shop(traded.bronze)
    for batch in batches:
        for step in batch:
            shop.do(*step)
        traded.bronze.commit()
        build(traded.settings, tables=TABLES)
    assert_incremental_equals_full(traded.settings, TABLES)


@pytest.mark.long
def test_a_channel_whose_code_reads_like_a_variable_is_restated_as_any_other(traded: Traded) -> None:
    traded.bronze.change("insert", "channels", [channel("${x}")])
    for number in (4, 5):
        place(traded.bronze, number, channel_code="${x}")
        traded.bronze.commit()
        build(traded.settings, tables=SALES)
    assert_incremental_equals_full(traded.settings)
