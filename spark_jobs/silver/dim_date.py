"""The shop's calendar: what kind of day each day is."""

from datetime import date

from pyiceberg.types import BooleanType, DateType, IntegerType, StringType
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from iceberg.quality.checks import not_null
from iceberg.table import Column, FullRefresh, Table
from spark_jobs.definitions.holidays import LUNAR_DAYS, public_holidays, shopping_days

TABLE = Table(
    grain="one row per day, from 2015 to 2040",
    key=("date",),
    columns=(
        Column("date", DateType(), "the day"),
        Column("year", IntegerType(), "year of the day"),
        Column("quarter", IntegerType(), "quarter of the year, 1 to 4"),
        Column("month", IntegerType(), "month of the year, 1 to 12"),
        Column("month_start", DateType(), "first day of the month"),
        Column("day_of_month", IntegerType(), "day of the month, from 1"),
        Column(
            "iso_year", IntegerType(), "year that the ISO week belongs to (ISO 8601), at the turn of the year not always that of the day"
        ),
        Column("iso_week", IntegerType(), "week of that year, from Monday to Sunday (ISO 8601), 1 to 53"),
        Column("weekday", IntegerType(), "day of the week (ISO 8601), 1 for Monday to 7 for Sunday"),
        Column("weekday_name", StringType(), "its name in English"),
        Column("is_weekend", BooleanType(), "whether it is a Saturday or Sunday"),
        Column("is_public_holiday", BooleanType(), "whether it is a public holiday in Vietnam"),
        Column("holiday_name", StringType(), "name of the public holiday, empty on other days"),
        Column("days_to_tet", IntegerType(), "days until the nearest first day of a lunar year, below zero after it"),
        Column("is_shopping_day", BooleanType(), "whether it is a large sale day: a double day such as 9.9 or 11.11, or Black Friday"),
        Column("shopping_day_name", StringType(), "name of the sale day, empty on other days"),
    ),
    refresh=FullRefresh(),
    checks=(not_null("iso_week"), not_null("days_to_tet")),
)

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def transform(silver_channels: DataFrame) -> DataFrame:
    """Every day from the first to the last but one year of the lunar table, whatever was sold.

    The calendar follows from nothing in the shop: it stands on a table that
    hardly ever changes, so that new orders do not make all who read it new.
    """
    *years, last_known = sorted(LUNAR_DAYS)
    first, last = F.lit(date(years[0], 1, 1)), F.lit(date(years[-1], 12, 31))
    one_row = silver_channels.agg(F.count(F.lit(1)).alias("channels"))
    days = one_row.select(F.explode(F.sequence(first, last)).alias("date"))
    holidays = {day: name for year in years for day, name in public_holidays(year).items()}
    sales = {day: name for year in years for day, name in shopping_days(year).items()}
    tets = F.array(*(F.lit(date.fromisoformat(f"{year}-{LUNAR_DAYS[year][0]}")) for year in (*years, last_known)))
    nearest = F.array_sort(F.transform(tets, lambda tet: F.struct(F.abs(F.datediff(tet, "date")), F.datediff(tet, "date").alias("days"))))[
        0
    ]
    weekday = F.weekday("date") + F.lit(1)
    return days.select(
        "date",
        F.year("date").alias("year"),
        F.quarter("date").alias("quarter"),
        F.month("date").alias("month"),
        F.to_date(F.trunc("date", "month")).alias("month_start"),
        F.dayofmonth("date").alias("day_of_month"),
        F.extract(F.lit("YEAROFWEEK"), "date").cast("int").alias("iso_year"),
        F.weekofyear("date").alias("iso_week"),
        weekday.alias("weekday"),
        F.element_at(F.array(*(F.lit(name) for name in _WEEKDAYS)), weekday).alias("weekday_name"),
        (weekday >= 6).alias("is_weekend"),
        _name_of(holidays).isNotNull().alias("is_public_holiday"),
        _name_of(holidays).alias("holiday_name"),
        nearest["days"].alias("days_to_tet"),
        _name_of(sales).isNotNull().alias("is_shopping_day"),
        _name_of(sales).alias("shopping_day_name"),
    )


def _name_of(named: dict[date, str]) -> SparkColumn:
    return F.create_map(*(F.lit(value) for pair in named.items() for value in pair))[F.col("date")]
