"""Days on which Vietnam does not work, and days on which it shops.

Public holidays are those of the Labour Code of 2019 (45/2019/QH14), article 112: New Year (1 January), Tết (five days), the Hùng Kings'
Commemoration (10th of the third lunar month), Reunification (30 April), Labour Day (1 May) and National Day (2 September and the day
before or after). The code leaves to the year's decree which days around Tết and National Day are off, and which working days are moved:
here Tết is the last day of the old lunar year and the first four of the new one, and National Day takes 1 and 2 September in every year.
"""

from datetime import date, timedelta

LUNAR_DAYS = {
    2015: ("02-19", "04-28"), 2016: ("02-08", "04-16"), 2017: ("01-28", "04-06"), 2018: ("02-16", "04-25"), 2019: ("02-05", "04-14"),
    2020: ("01-25", "04-02"), 2021: ("02-12", "04-21"), 2022: ("02-01", "04-10"), 2023: ("01-22", "04-29"), 2024: ("02-10", "04-18"),
    2025: ("01-29", "04-07"), 2026: ("02-17", "04-26"), 2027: ("02-06", "04-16"), 2028: ("01-26", "04-04"), 2029: ("02-13", "04-23"),
    2030: ("02-02", "04-12"), 2031: ("01-23", "04-01"), 2032: ("02-11", "04-19"), 2033: ("01-31", "04-09"), 2034: ("02-19", "04-28"),
    2035: ("02-08", "04-17"), 2036: ("01-28", "04-06"), 2037: ("02-15", "04-24"), 2038: ("02-04", "04-13"), 2039: ("01-24", "04-03"),
    2040: ("02-12", "04-20"), 2041: ("02-01", "04-10"),
}  # fmt: skip
"""First day of the lunar year and Hùng Kings' day of each year, from the new moons at UTC+7 (Hồ Ngọc Đức, "Computing the Vietnamese lunar
calendar", after J. Meeus, Astronomical Algorithms)."""

SALE_DAYS = {(month, month): f"{month}.{month}" for month in range(3, 13)}
"""Sale days of the marketplaces, by month and day."""


def public_holidays(year: int) -> dict[date, str]:
    """The public holidays of a year of ``LUNAR_DAYS``, by day."""
    tet, kings = (date.fromisoformat(f"{year}-{day}") for day in LUNAR_DAYS[year])
    days = {date(year, 1, 1): "New Year", kings: "Hùng Kings", date(year, 4, 30): "Reunification Day", date(year, 5, 1): "Labour Day"}
    days |= {date(year, 9, day): "National Day" for day in (1, 2)}
    return days | {tet + timedelta(days=after): "Tết" for after in range(-1, 4)}


def shopping_days(year: int) -> dict[date, str]:
    """The large sale days of a year: double days from 3.3 to 12.12, and Black Friday, the day after the fourth Thursday of November."""
    november = date(year, 11, 1)
    black_friday = november + timedelta(days=(3 - november.weekday()) % 7 + 22)
    return {date(year, *day): name for day, name in SALE_DAYS.items()} | {black_friday: "Black Friday"}
