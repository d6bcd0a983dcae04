"""How likely customers order again: what their rhythm foretells, and which probability such forecasts proved to have.

Nobody tells a shop that they leave, so that the question is whether they order
within some days (D. Schmittlein, D. Morrison, R. Colombo, "Counting Your
Customers", 1987). The rhythm gives a score; a probability is what came true of
it, counted at past month starts. The same functions serve the forecast of today
and those of the past.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from spark_jobs.definitions.rates import rate

HORIZON_DAYS = 28
"""How many days a forecast looks ahead: four whole weeks, which every month has."""
BAND_BORDERS = ("0.001", "0.01", "0.03", "0.1", "0.2", "0.4", "0.6", "0.8", "0.95", "0.999")
"""Where one band of foretold probabilities ends and the next begins: closer at the ends, where those long silent and those who always come are."""
BANDS = len(BAND_BORDERS) + 1
LONGEST_INTERVAL_DAYS = 100_000
LEAST_CUSTOMERS = 100
"""Below so many forecasts a share says too little: its 95 % interval may be wider than 20 points."""


def expected_interval(waited_days: Column, repeats: Column, own_days: Column, orders: Column) -> Column:
    """Days expected between two orders of a customer, to four digits; null without an order, or while hardly anybody has ordered twice.

    The mean of a Poisson rate under a gamma prior that is worth one order at the
    shop's rate (A. Ehrenberg, 1959; D. Schmittlein and others, 1987).

    Args:
        waited_days: Days since the first order, of all customers together.
        repeats: Their orders after the first, together.
        own_days: Days from the customer's first to newest order.
        orders: The customer's orders.
    """
    days, times = (value.cast("decimal(20,2)") for value in (waited_days, repeats))
    rhythm = F.round(F.try_divide(days, times), 4).cast("decimal(24,4)")
    interval = F.round(F.try_divide(rhythm + own_days, orders), 4)
    return F.when(interval < LONGEST_INTERVAL_DAYS, interval).cast("decimal(9,4)")


def churn_risk(silent_days: Column, interval: Column) -> Column:
    """How likely somebody of that :func:`expected_interval` would have ordered in the days since their newest order."""
    return F.round(F.lit(1.0) - F.exp(-_in_intervals(silent_days, interval)), 4).cast("decimal(9,4)")


def foretold(silent_days: Column, interval: Column) -> Column:
    """The rhythm's own guess at the probability of an order within the horizon: 1 - churn risk, times that of one order at least."""
    guess = F.exp(-_in_intervals(silent_days, interval)) * (F.lit(1.0) - F.exp(-_in_intervals(F.lit(HORIZON_DAYS), interval)))
    return F.round(guess, 4).cast("decimal(9,4)")


def _in_intervals(days: Column, interval: Column) -> Column:
    return F.try_divide(days.cast("double"), interval.cast("double"))


def score_band(chance: Column) -> Column:
    """The band, from 1 (least likely) on, in which a :func:`foretold` probability lies; its lower border belongs to a band."""
    band = F.lit(1)
    for border in BAND_BORDERS:
        band = band + F.when(chance >= F.lit(border).cast("decimal(9,4)"), 1).otherwise(0)
    return F.when(chance.isNotNull(), band).cast("int")


def came_true(bands: DataFrame, *by: str) -> DataFrame:
    """What forecasts in each band proved to be: ``order_probability_28d`` and ``expected_order_count_28d``.

    Both rise with the band (isotonic regression in its max-min form: R. Barlow,
    D. Bartholomew, J. Bremner, H. Brunk, Statistical Inference under Order
    Restrictions, 1972): of the neighbouring bands that hold at least
    LEAST_CUSTOMERS together, the highest first band for the lowest share of any
    last one. Bands in which nobody was take part in those of their neighbours.

    Args:
        bands: ``score_band``, ``customer_count``, ``ordering_customer_count``
            and ``order_count``, any number of rows a band.
        by: Columns whose values are taken each by themselves.

    Returns:
        A row for each value of ``by`` and band, none where there are fewer customers.
    """
    each_band = F.array(*(F.lit(band) for band in range(1, BANDS + 1)))
    pooled = (
        bands.withColumn("_first", F.explode(each_band))
        .withColumn("_last", F.explode(each_band))
        .where(F.col("score_band").between(F.col("_first"), F.col("_last")))
        .groupBy(*by, "_first", "_last")
        .agg(*(F.sum(name).alias(name) for name in ("customer_count", "ordering_customer_count", "order_count")))
        .where(F.col("customer_count") >= LEAST_CUSTOMERS)
    )
    found = {
        "order_probability_28d": rate("ordering_customer_count", "customer_count"),
        "expected_order_count_28d": rate("order_count", "customer_count"),
    }
    return (
        pooled.withColumn("score_band", F.explode(each_band))
        .where(F.col("score_band").between(F.col("_first"), F.col("_last")))
        .withColumns(found)
        .groupBy(*by, "_first", "score_band")
        .agg(*(F.min(name).alias(name) for name in found))
        .groupBy(*by, "score_band")
        .agg(*(F.max(name).alias(name) for name in found))
    )
