import pytest

from scoring.feed import DirtGrade, grade_feed

pytestmark = pytest.mark.unit


def test_dirt_is_caught_by_any_problem_and_named_by_its_own_and_a_clean_message_is_refused_by_any() -> None:
    truth = {1: "late", 2: "late", 3: "repeated", 99: "malformed"}
    problems = {1: {"late", "out_of_order"}, 3: {"contradicting"}, 4: {"late"}, 98: {"late"}}
    graded = grade_feed(problems, {1, 2, 3, 4, 5}, truth)
    grades = {grade.kind: grade for grade in graded.dirt}
    assert grades["late"] == DirtGrade("late", dirty=2, caught=1, named=1)
    assert grades["repeated"] == DirtGrade("repeated", dirty=1, caught=1, named=0)
    assert grades["all"] == DirtGrade("all", dirty=3, caught=2, named=1)
    assert grades["malformed"].caught_share is None
    assert (graded.clean, graded.refused, graded.refused_share) == (2, 1, 0.5)
