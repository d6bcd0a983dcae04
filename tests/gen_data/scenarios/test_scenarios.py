import pytest

from gen_data.scenarios import SCENARIOS, find
from shoplake.core.errors import ShopError

pytestmark = pytest.mark.unit


def test_a_scenario_is_found_by_the_name_it_says_of_itself():
    assert {name: find(name).name for name in SCENARIOS} == {name: name for name in SCENARIOS}


def test_an_unknown_scenario_is_answered_with_the_known_ones():
    with pytest.raises(ShopError, match=r"no 'black_friday'\. Choose one of: flash_sale, normal_day\."):
        find("black_friday")


def test_every_scenario_but_the_normal_day_says_what_it_must_show():
    assert all(scenario.expects for name, scenario in SCENARIOS.items() if name != "normal_day")
