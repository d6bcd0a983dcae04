"""What can happen in the shop: one file a scenario, each a value."""

from gen_data.scenarios.flash_sale import FLASH_SALE
from gen_data.scenarios.normal_day import NORMAL_DAY
from gen_data.scenarios.scenario import Scenario
from shoplake.core.errors import ShopError

SCENARIOS = {scenario.name: scenario for scenario in (FLASH_SALE, NORMAL_DAY)}


def find(name: str) -> Scenario:
    """The scenario of this name.

    Raises ShopError, with the known names, when there is none.
    """
    try:
        return SCENARIOS[name]
    except KeyError:
        raise ShopError(f"scenario: there is no {name!r}. Choose one of: {', '.join(sorted(SCENARIOS))}.") from None


__all__ = ["FLASH_SALE", "NORMAL_DAY", "SCENARIOS", "Scenario", "find"]
