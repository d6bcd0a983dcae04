"""Amounts of money: integers of hundredths of the currency, rounded the way its prices are."""

from dataclasses import dataclass

import numpy as np

from gen_data.randomness import FloatArray, IntArray

# ISO 4217 currencies without a minor unit.
_WITHOUT_MINOR_UNIT = frozenset({"VND", "JPY", "KRW", "CLP", "ISK", "PYG", "UGX"})
_DONG_PER_OTHER_UNIT = 25_000


@dataclass(frozen=True)
class Currency:
    """How amounts that are thought of in dong are said in the shop's currency.

    Outside Vietnam one unit of the currency stands for 25,000 dong: a round
    rate that keeps prices plausible, not an exchange rate.
    """

    code: str

    @property
    def smallest(self) -> int:
        """The smallest amount, in hundredths."""
        return 100 if self.code in _WITHOUT_MINOR_UNIT else 1

    def price(self, dong: FloatArray) -> IntArray:
        """List prices in hundredths: whole thousands of dong, or whole tenths of another unit."""
        if self.code == "VND":
            return np.maximum(np.rint(dong / 1_000), 1).astype(np.int64) * 100_000
        step = 10 if self.smallest == 1 else 100
        return np.maximum(np.rint(dong / _DONG_PER_OTHER_UNIT * 100 / step), 1).astype(np.int64) * step

    def worth(self, dong: int) -> int:
        """An amount in hundredths, not rounded the way prices are: for amounts that are only counted with."""
        return dong * 100 if self.code == "VND" else dong * 100 // _DONG_PER_OTHER_UNIT

    def share(self, amount: IntArray, rate: FloatArray | float) -> IntArray:
        """``rate`` of an amount, rounded down to the smallest amount."""
        return np.floor(amount * rate / self.smallest).astype(np.int64) * self.smallest
