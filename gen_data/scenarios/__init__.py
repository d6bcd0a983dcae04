"""What can happen in the shop: one file a scenario, each a value; several at once are named with a plus sign between them."""

from difflib import get_close_matches
from functools import cache

from gen_data.scenarios.dirty_data import DIRTY_DATA
from gen_data.scenarios.flash_sale import FLASH_SALE
from gen_data.scenarios.fraud_attack import FRAUD_ATTACK
from gen_data.scenarios.normal_day import NORMAL_DAY
from gen_data.scenarios.promotion_blast import PROMOTION_BLAST
from gen_data.scenarios.returns_wave import RETURNS_WAVE
from gen_data.scenarios.scenario import AND, Scenario, check_intensity, together
from gen_data.scenarios.stockout import STOCKOUT
from shoplake.core.errors import ShopError

SCENARIOS = {
    scenario.name: scenario for scenario in (NORMAL_DAY, FLASH_SALE, FRAUD_ATTACK, PROMOTION_BLAST, RETURNS_WAVE, STOCKOUT, DIRTY_DATA)
}


@cache
def find(name: str) -> Scenario:
    """The scenario of this name, or several at once, such as ``flash_sale+fraud_attack``; their order does not matter.

    Raises ShopError, with the nearest and all known names, when there is none.
    """
    names = [part.strip() for part in name.split(AND)]
    for part in names:
        if part not in SCENARIOS:
            raise ShopError(f"scenario: there is no {part!r}. {_advice(part)}")
        if names.count(part) > 1:
            raise ShopError(f"scenario: {name!r} names {part} twice. Name it once, with a higher intensity for more of it.")
    return together(SCENARIOS[part] for part in names)


def _advice(unknown: str) -> str:
    near = get_close_matches(unknown.lower().replace("-", "_").replace(" ", "_"), SCENARIOS)
    meant = f"Did you mean {' or '.join(near)}? " if near else ""
    return f"{meant}Choose one of: {', '.join(sorted(SCENARIOS))}."


__all__ = [
    "DIRTY_DATA",
    "FLASH_SALE",
    "FRAUD_ATTACK",
    "NORMAL_DAY",
    "PROMOTION_BLAST",
    "RETURNS_WAVE",
    "SCENARIOS",
    "STOCKOUT",
    "Scenario",
    "check_intensity",
    "find",
    "together",
]
