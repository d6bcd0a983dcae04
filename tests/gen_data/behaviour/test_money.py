import numpy as np
import pytest

from gen_data.behaviour.money import Currency

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("code", "price", "tenth"), [("VND", 12_300_000, 1_230_000), ("USD", 490, 49), ("JPY", 500, 0)])
def test_prices_and_shares_are_rounded_as_the_currency_is(code, price, tenth):
    currency = Currency(code)
    assert currency.price(np.array([123_456.0])).tolist() == [price]
    assert currency.share(np.array([price]), 0.1).tolist() == [tenth]


@pytest.mark.parametrize(("code", "hundredths"), [("VND", 1_000_000), ("USD", 40), ("JPY", 40)])
def test_what_an_amount_is_worth_is_not_rounded(code, hundredths):
    assert Currency(code).worth(10_000) == hundredths
