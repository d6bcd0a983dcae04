"""What an invariant is: a sentence that is true of every shop at any time, and the query that finds what breaks it."""

from typing import NamedTuple


class Invariant(NamedTuple):
    """A sentence about the rows of one or more tables.

    ``broken`` selects the keys of the rows for which it does not hold, in
    columns that are named as in the tables; no row when all is well. It may ask
    ``select instant from shop_time``, up to which everything has been written.
    Sets, not rows, are compared, so that it also ends soon for millions of
    orders.
    """

    name: str
    sentence: str
    broken: str
