"""The rules by which orders look like fraud, as data: what each needs, what it counts, and what it says.

No rule is enough by itself: honest people order from elsewhere, get a new
telephone and send back what they do not like. A rule adds points to the score
of the kinds of fraud whose mark it is, and an order is flagged when the points
of all its rules reach :data:`FLAGGED_FROM`. The marks are those of the
practitioners' lists: carding and account creation in the OWASP Automated Threat
Handbook (OAT-001, OAT-019); new details, a new device and a new address before a
dear order in "Six fraud signals to spot account takeover" (Ravelin, 2019); claims
that goods never arrived or are not as described in Riskified's "Policy abuse
glossary"; many new accounts that share devices in Ravelin's "Policy abuse".

The points are chosen by hand on shops of three seeds, and graded on others
(`shoplake score`).
"""

from functools import reduce
from typing import NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

KINDS = ("card_testing", "account_takeover", "refund_abuse", "promo_abuse")
FLAGGED_FROM = 50
WORTH_A_LOOK_FROM = 30
MOST_POINTS = 100


class Rule(NamedTuple):
    """A mark of fraud.

    Attributes:
        name: Unique.
        holds_when: SQL over the signals of an order (see ``spark_jobs.gold.mart_fraud_signals``).
        points: What it adds to the score.
        kinds: The kinds of fraud whose mark it is.
        reason: What it says; SQL of a text over the signals.
    """

    name: str
    holds_when: str
    points: int
    kinds: tuple[str, ...]
    reason: str


RULES = (
    Rule(
        "shared_device", "device_account_count >= 3", 30, ("card_testing", "promo_abuse"),
        "concat(device_account_count, ' accounts ordered from this device within a day')",
    ),
    Rule("second_account", "device_account_count = 2", 20, ("card_testing", "promo_abuse"), "'another account ordered from this device within a day'"),
    Rule("new_account", "account_age_hours < 1", 10, ("card_testing", "promo_abuse"), "'the account was opened within the hour before'"),
    Rule(
        "new_account_on_shared_device", "account_age_hours < 1 and device_account_count >= 3", 15, ("card_testing", "promo_abuse"),
        "'it is a new account on a device of many'",
    ),
    Rule(
        "declined_burst", "device_declined_count >= 3 and device_declined_count * 2 >= device_order_count", 30, ("card_testing",),
        "concat('cards were declined for ', device_declined_count, ' of ', device_order_count, ' orders from this device within a day')",
    ),
    Rule(
        "many_cards", "device_card_count >= 5 and device_declined_count * 2 >= device_order_count", 5, ("card_testing",),
        "concat(device_card_count, ' cards were tried on this device within a day')",
    ),
    Rule(
        "paid_on_shared_device", "device_account_count >= 3 and device_declined_count * 2 < device_order_count", 15, ("promo_abuse",),
        "'most orders from the device are good for their money'",
    ),
    Rule(
        "offer_again", "account_age_hours < 1 and device_account_count >= 3 and has_promotion", 10, ("promo_abuse",),
        "'its accounts take an offer with their first orders'",
    ),
    Rule("elsewhere", "is_placed_elsewhere", 10, ("card_testing", "account_takeover"), "'it was placed from another province than it goes to'"),
    Rule("new_device", "is_new_device", 15, ("account_takeover",), "'the account never used this device before that day'"),
    Rule("new_address", "is_new_address", 20, ("account_takeover",), "'the address was added to an older account within the day before'"),
    Rule("contact_changed", "is_contact_changed", 20, ("account_takeover",), "'telephone or email of the account changed within the day before'"),
    Rule(
        "dear", "usual_price_ratio >= 3", 10, ("account_takeover", "refund_abuse"),
        "concat('it is ', usual_price_ratio, ' times as dear as the customer usually buys')",
    ),
    Rule("claimed", "is_claimed", 10, ("refund_abuse",), "'the customer says that it never arrived or is not as described'"),
    Rule(
        "claims_together", "burst_claim_count >= 2 and burst_claim_count * 2 >= burst_order_count", 40, ("refund_abuse",),
        "concat(burst_claim_count, ' of ', burst_order_count, ' orders that the customer placed within hours are claimed as never arrived or not as described')",
    ),
)  # fmt: skip


def scored(signals: DataFrame) -> DataFrame:
    """The orders with ``score``, ``is_flagged``, ``looks_like`` and ``reasons``, from their signals; a null signal is no mark."""
    points = {rule.name: F.when(F.expr(rule.holds_when), F.lit(rule.points)).otherwise(F.lit(0)) for rule in RULES}
    by_kind = {kind: reduce(_plus, (points[rule.name] for rule in RULES if kind in rule.kinds)) for kind in KINDS}
    strongest = F.greatest(*by_kind.values())
    said = [F.when(points[rule.name] > 0, F.expr(rule.reason)) for rule in sorted(RULES, key=lambda rule: -rule.points)]
    return (
        signals.withColumn("score", F.least(reduce(_plus, points.values()), F.lit(MOST_POINTS)).cast("int"))
        .withColumn("is_flagged", F.col("score") >= FLAGGED_FROM)
        .withColumn("looks_like", F.coalesce(*(F.when(total == strongest, F.lit(kind)) for kind, total in by_kind.items())))
        .withColumn("reasons", F.concat_ws("; ", *said))
    )


def _plus(one: Column, other: Column) -> Column:
    return one + other
