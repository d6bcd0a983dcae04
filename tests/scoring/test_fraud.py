import pyarrow as pa
import pytest

from scoring.fraud import FraudGrade, flagged_orders, grade_frauds
from shoplake.core.errors import TableError

pytestmark = pytest.mark.unit


def test_precision_and_recall_count_each_kind_and_all_together() -> None:
    truth = {1: "card_testing", 2: "card_testing", 3: "promo_abuse", 99: "promo_abuse"}
    flagged = {1: "card_testing", 3: "card_testing", 4: "refund_abuse", 98: "refund_abuse"}
    grades = {grade.kind: grade for grade in grade_frauds(flagged, {1, 2, 3, 4, 5}, truth)}
    assert grades["card_testing"] == FraudGrade("card_testing", frauds=2, caught=1, flagged=2, right=2)
    assert grades["promo_abuse"] == FraudGrade("promo_abuse", frauds=1, caught=1, flagged=0, right=0)
    assert grades["refund_abuse"] == FraudGrade("refund_abuse", frauds=0, caught=0, flagged=1, right=0)
    assert grades["all"] == FraudGrade("all", frauds=3, caught=2, flagged=3, right=2)
    assert (grades["all"].recall, grades["all"].precision) == (2 / 3, 2 / 3)
    assert grades["refund_abuse"].recall is None
    assert grades["promo_abuse"].precision is None


def test_a_flag_counts_before_a_score_and_a_score_from_the_threshold_on() -> None:
    orders = pa.table({"order_id": [1, 2, 3], "is_fraud": [True, False, None], "score": [0.1, 0.9, 0.9]})
    assert set(flagged_orders(orders, "my.fraud", 0.5)) == {1}
    assert set(flagged_orders(orders.drop_columns("is_fraud"), "my.fraud", 0.9)) == {2, 3}


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"order": [1], "is_fraud": [True]}, "must have order_id and is_fraud or score, but has order, is_fraud"),
        ({"order_id": [1], "fraud": [True]}, "must have order_id and is_fraud or score, but has order_id, fraud"),
        ({"order_id": [1, 1], "is_fraud": [True, False]}, "names an order more than once"),
    ],
)
def test_a_table_that_cannot_be_graded_says_why(columns: dict[str, list[object]], sentence: str) -> None:
    with pytest.raises(TableError, match=sentence):
        flagged_orders(pa.table(columns), "my.fraud", 0.5)
