"""The transforms that judge, over rows made by hand."""

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from shoplake.core.settings import Settings
from spark_jobs.definitions.fraud import RULES
from spark_jobs.gold import feed_problems, fraud_device_signals, mart_fraud_signals, mart_promotion_lift
from spark_jobs.session import spark_session
from spark_jobs.silver import marketplace_messages
from spark_jobs.tables import discover

pytestmark = [pytest.mark.integration, pytest.mark.long]

NOON = datetime(2026, 1, 5, 5, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
Row = dict[str, Any]


@pytest.fixture(scope="module")
def spark(spark_services: Settings) -> Iterator[SparkSession]:
    with spark_session(spark_services) as session:
        yield session


def rows(spark: SparkSession, name: str, *given: Row) -> DataFrame:
    """Rows of a table of the lake; what is left out is null."""
    declared = schema_to_pyarrow(discover()[name].table.schema(), include_field_ids=False)
    schema = pa.schema([field.with_nullable(True) for field in declared])
    if not given:
        return spark.createDataFrame([], from_arrow_schema(schema))
    return spark.createDataFrame(pa.Table.from_pylist([{**dict.fromkeys(schema.names), **row} for row in given], schema=schema))


def message(**values: Any) -> str:
    said = {
        "event": "order_created",
        "channel": "tiki",
        "order": "7",
        "sent_at": "2026-01-05T05:00:00Z",
        "total": "120.50",
        "currency": "VND",
    }
    return json.dumps({**said, **values}, separators=(",", ":"))


SOUND = message()
BROKEN = {
    SOUND[:61]: "it is no JSON",
    SOUND.replace('":"', '"="'): "it is no JSON",
    "": "it is no JSON",
    "\x00\U0001f642": "it is no JSON",
    "[1, 2]": "it names no order",
    "null": "it names no order",
    message(order="7e3"): "it names no order",
    message(order="9" * 30): "it names no order",
    message(event="order_eaten"): "it tells no known event",
    message(sent_at="2026-13-45T99:00:00Z"): "it does not say when it was sent",
    message(total="12O.5O"): "its total is no amount",
    message(total="-1"): "its total is no amount",
    message(total={"a": 1}): "its total is no amount",
    message(currency="đồng"): "it names no currency",
    message(channel="lazada"): "it names another channel than the one that sent it",
}


def test_a_text_that_cannot_be_read_is_a_row_that_says_why(spark: SparkSession) -> None:
    texts = [SOUND, *BROKEN]
    feed = pa.table(
        {"feed_id": range(1, len(texts) + 1), "channel_code": ["tiki"] * len(texts), "received_at": pa.array([NOON] * len(texts), pa.timestamp("us", "UTC")), "payload": texts}
    )  # fmt: skip
    read = marketplace_messages.transform(spark.createDataFrame(feed)).orderBy("feed_id").toArrow().to_pylist()
    assert {row["payload"]: row["fault"] for row in read} == {SOUND: None, **BROKEN}
    assert [row["is_valid"] for row in read] == [True] + [False] * len(BROKEN)
    sound = read[0]
    assert (sound["order_id"], sound["sent_at"], sound["total"], sound["currency"]) == (7, NOON, Decimal("120.50"), "VND")
    by_text = {row["payload"]: row for row in read}
    assert by_text[message(total="12O.5O")]["order_id"] == 7
    assert by_text[SOUND[:61]]["order_id"] == -2


def test_a_message_has_the_problems_that_its_order_and_its_fellows_show(spark: SparkSession) -> None:
    def sent(feed_id: int, order_id: int, seconds: float, **values: Any) -> Row:
        read = {
            "event": "order_created",
            "sent_at": NOON,
            "total": Decimal(100),
            "currency": "VND",
            "is_valid": True,
            "channel_code": "tiki",
        }
        return {
            "feed_id": feed_id,
            "order_id": order_id,
            "received_at": NOON + timedelta(seconds=seconds),
            "payload": str(feed_id),
            **read,
            **values,
        }

    orders = [{"order_id": number, "channel_code": "tiki", "currency": "VND", "total_amount": Decimal(100)} for number in (1, 2, 3, 4)]
    ended = [{"order_id": number, "sequence": 2, "status": "cancelled", "changed_at": NOON + timedelta(seconds=10)} for number in (2, 3)]
    messages = [
        sent(1, 1, 45, payload="a"),
        sent(2, 1, 46, payload="a"),
        sent(3, 1, 45, payload="b", total=Decimal(90)),
        sent(4, 2, 45),
        sent(5, 3, 80),
        sent(6, 4, 2 * 86_400),
        sent(7, 4, 86_000),
        sent(8, 5, 1),
        sent(-9, -9, 9 * 86_400, is_valid=False, fault="it is no JSON", event=None, sent_at=None, total=None),
        sent(10, 3, 30, event="order_cancelled", sent_at=NOON + timedelta(seconds=10)),
    ]
    found = feed_problems.transform(
        rows(spark, "silver.marketplace_messages", *messages),
        rows(spark, "silver.orders", *orders),
        rows(spark, "silver.order_status_history", *ended),
    )
    assert sorted((row["feed_id"], row["problem"]) for row in found.toArrow().to_pylist()) == [
        (-9, "malformed"), (2, "repeated"), (3, "contradicting"), (5, "out_of_order"), (6, "late"), (8, "contradicting"),
    ]  # fmt: skip


class Shop:
    """Rows of a few customers' orders, in the tables that the signals come from."""

    def __init__(self) -> None:
        self.held: dict[str, list[Row]] = {name: [] for name in ("orders", "order_items", "order_promotions", "order_returns", "payments", "customers", "customer_addresses", "customer_history")}  # fmt: skip

    def customer(self, number: int, registered_at: datetime = NOON - 100 * DAY) -> None:
        self.held["customers"].append({"customer_id": number, "registered_at": registered_at})
        self.address(number, number, registered_at)
        self.version(number, 1, registered_at, "1")

    def address(self, number: int, customer: int, created_at: datetime) -> None:
        self.held["customer_addresses"].append({"address_id": number, "customer_id": customer, "province": "Huế", "created_at": created_at})

    def version(self, customer: int, version: int, changed_at: datetime, phone: str) -> None:
        operation = "insert" if version == 1 else "update"
        self.held["customer_history"].append(
            {"customer_id": customer, "version": version, "operation": operation, "phone": phone, "changed_at": changed_at}
        )

    def order(
        self, number: int, customer: int, at: datetime, device: int = 0, price: int = 100, is_declined: bool = False, **values: Any
    ) -> None:
        placed = {"address_id": customer, "placed_from": "Huế", "order_date": at.date(), "device_id": device or customer}
        self.held["orders"].append({"order_id": number, "customer_id": customer, "ordered_at": at, **placed, **values})
        self.held["order_items"].append({"order_id": number, "line_number": 1, "list_price": Decimal(price)})
        status = "failed" if is_declined else "succeeded"
        self.held["payments"].append(
            {"payment_id": number, "order_id": number, "method": "card", "status": status, "card_token": str(customer)}
        )

    def claim(self, order: int, reason: str) -> None:
        self.held["order_returns"].append({"return_id": order, "order_id": order, "reason": reason})

    def suspects(self, spark: SparkSession) -> dict[int, Row]:
        """What the mart says, by order."""
        silver = {f"silver_{name}": rows(spark, f"silver.{name}", *given) for name, given in self.held.items()}
        payments = silver.pop("silver_payments")
        devices = fraud_device_signals.transform(silver["silver_orders"], payments)
        return {
            row["order_id"]: row for row in mart_fraud_signals.transform(**silver, gold_fraud_device_signals=devices).toArrow().to_pylist()
        }


def test_marks_that_honest_people_bear_one_by_one_flag_only_together(spark: SparkSession) -> None:
    shop = Shop()
    for customer in range(1, 7):
        shop.customer(customer)
        shop.order(customer, customer, NOON - 9 * DAY)
    for customer in (1, 6):
        shop.address(10 + customer, customer, NOON - HOUR)
        shop.version(customer, 2, NOON - HOUR, "2")
    shop.order(11, 1, NOON, device=99, price=1_000, address_id=11, placed_from="Hà Nội")  # taken over
    shop.order(12, 2, NOON, device=98, placed_from="Hà Nội")  # on a journey, with a new telephone
    shop.order(13, 3, NOON, price=1_000)  # a treat
    for number in (14, 15, 16):
        shop.order(number, 4, NOON + number * HOUR / 4)
    for number in (14, 15):
        shop.claim(number, "never_arrived")  # refund abuse; the third of them is not claimed
    shop.order(17, 5, NOON)
    shop.claim(17, "not_as_described")  # not content
    shop.order(18, 6, NOON, address_id=16)  # moved, with a new number
    found = shop.suspects(spark)
    assert {number: row["looks_like"] for number, row in found.items() if row["is_flagged"]} == {
        11: "account_takeover", 14: "refund_abuse", 15: "refund_abuse",
    }  # fmt: skip
    assert (found[16]["score"], found[18]["score"]) == (40, 40)
    assert found.keys() == {11, 14, 15, 16, 18}
    assert found[14]["reasons"].startswith("2 of 3 orders that the customer placed within hours are claimed")


def test_a_device_of_many_new_accounts_tells_stolen_cards_from_an_offer_and_both_from_a_family(spark: SparkSession) -> None:
    shop = Shop()
    for number in range(1, 11):
        shop.customer(number, NOON)
        shop.order(number, number, NOON + number * HOUR / 60, device=77, is_declined=number > 1, placed_from="Hà Nội")
    for number in range(11, 16):
        shop.customer(number, NOON)
        shop.order(number, number, NOON + (number - 10) * HOUR / 10, device=88)
    for number in range(21, 25):
        shop.customer(number)
        shop.order(number, number, NOON, device=99)
    flagged = {number: row["looks_like"] for number, row in shop.suspects(spark).items() if row["is_flagged"]}
    assert flagged == {**dict.fromkeys(range(1, 11), "card_testing"), **dict.fromkeys(range(11, 16), "promo_abuse")}


def test_no_rule_flags_by_itself_and_each_has_a_name_of_its_own() -> None:
    assert all(rule.points < 50 for rule in RULES)
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_the_lift_compares_those_who_got_a_voucher_with_those_held_out_and_takes_unsuspected_orders_alone(spark: SparkSession) -> None:
    orders: list[Row] = []

    def order(customer: int, *at: datetime) -> list[int]:
        begin = len(orders) + 1
        orders.extend({"order_id": begin + place, "customer_id": customer, "ordered_at": when} for place, when in enumerate(at))
        return list(range(begin, begin + len(at)))

    # Of four treated customers three order, six times in all; of eight held-out ones four, once each: (6 / 4) / (4 / 8) = 3.
    redeemed = [number for customer in (1, 2, 3) for number in order(customer, NOON, NOON + HOUR)]
    for customer in (11, 12, 13, 14):
        order(customer, NOON)
    order(1, NOON - HOUR, NOON + DAY)  # before it, and after it ended
    order(20, NOON)  # was not drawn
    suspicious = order(11, NOON + 2 * HOUR)
    voucher = {"promotion_id": 1, "code": "V", "kind": "voucher", "discount_rate": Decimal("0.2"), "starts_at": NOON, "ends_at": NOON + DAY}
    contacts = [{"promotion_id": 1, "customer_id": customer, "is_held_out": customer > 10} for customer in (1, 2, 3, 4, *range(11, 19))]
    row = mart_promotion_lift.transform(
        rows(spark, "silver.promotions", voucher, {**voucher, "promotion_id": 2, "kind": "flash_sale"}),
        rows(spark, "silver.campaign_contacts", *contacts),
        rows(spark, "silver.orders", *orders),
        rows(spark, "silver.order_promotions", *({"order_id": number, "promotion_id": 1, "discount_amount": Decimal(5)} for number in redeemed)),
        rows(spark, "gold.mart_fraud_signals", *({"customer_id": 11, "order_id": number, "is_flagged": True} for number in suspicious)),
    ).toArrow().to_pylist()  # fmt: skip
    assert len(row) == 1
    counts = {name: row[0][name] for name in row[0] if name.startswith(("treated", "held_out"))}
    assert counts == {"treated_count": 4, "treated_order_count": 6, "held_out_count": 8, "held_out_order_count": 4}
    assert row[0]["discount_amount"] == Decimal("30.00")
    assert row[0]["lift"] == Decimal("3.0000")
    # Relative variances: 12 / 36 - 1 / 4 of the treated, 4 / 16 - 1 / 8 of the held out.
    spread = math.exp(1.96 * math.sqrt(12 / 36 - 1 / 4 + 4 / 16 - 1 / 8))
    assert float(row[0]["lift_low"]) == pytest.approx(3 / spread, abs=1e-4)
    assert float(row[0]["lift_high"]) == pytest.approx(3 * spread, abs=1e-4)
    assert row[0]["extra_order_count"] == Decimal("4.00")
