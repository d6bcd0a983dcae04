from datetime import date, timedelta
from itertools import pairwise

import pytest

from gen_data.behaviour.seasons import tet
from spark_jobs.definitions.holidays import LUNAR_DAYS, public_holidays, shopping_days

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("year", "kings"), [(2024, date(2024, 4, 18)), (2025, date(2025, 4, 7)), (2026, date(2026, 4, 26))])
def test_a_year_has_the_public_holidays_of_the_labour_code(year: int, kings: date) -> None:
    days = public_holidays(year)
    assert days[kings] == "Hùng Kings"
    assert [day.isoformat()[5:] for day, name in days.items() if name not in ("Tết", "Hùng Kings")] == [
        "01-01", "04-30", "05-01", "09-01", "09-02",
    ]  # fmt: skip


def test_tet_is_the_eve_and_four_days_and_falls_when_the_shop_has_it() -> None:
    for year in range(2026, max(LUNAR_DAYS) + 1):
        found = sorted(day for day, name in public_holidays(year).items() if name == "Tết")
        assert found == [tet(year) + timedelta(days=after) for after in range(-1, 4)]


def test_the_lunar_table_has_no_gap_and_a_lunar_year_is_twelve_or_thirteen_months() -> None:
    assert sorted(LUNAR_DAYS) == list(range(2015, 2042))
    firsts = [date.fromisoformat(f"{year}-{days[0]}") for year, days in sorted(LUNAR_DAYS.items())]
    assert {(after - before).days for before, after in pairwise(firsts)} <= {353, 354, 355, 383, 384, 385}


def test_shopping_days_are_double_days_and_black_friday() -> None:
    days = shopping_days(2026)
    assert (days[date(2026, 9, 9)], days[date(2026, 11, 11)], days[date(2026, 11, 27)]) == ("9.9", "11.11", "Black Friday")
    assert date(2024, 11, 29) in shopping_days(2024), "the month begins on a Friday"
    assert date(2027, 11, 26) in shopping_days(2027)
