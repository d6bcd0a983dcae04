"""A plan of scenarios: a TOML file that says which is in force when, for how long, how strong, and how much the shop sells meanwhile."""

import re
import tomllib
from collections.abc import Callable
from datetime import date, datetime, time
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from gen_data.clock import TICKS_PER_DAY, ShopClock
from gen_data.durations import MOST_DAYS, ticks_of
from gen_data.scenarios import Scenario, check_intensity, find
from gen_data.schedule import Switch, check_orders_per_day
from shoplake.core.errors import SettingsError, ShoplakeError

EXAMPLE = """\
# A sale on the third day of the run, a weak attack the day after, and later empty shelves for good.
[[period]]
from_day = 2                  # days after the shop's clock at the run's start: 0 is at once, 0.5 twelve hours later
for = "1d"                    # 30m, 2h, 1d12h; left out: until the next period, or for good
scenario = "flash_sale"
orders_per_day = 3000         # of an ordinary day; left out: as the shop has it

[[period]]
from_day = 3
for = "12h"
scenario = "fraud_attack+dirty_data"
intensity = 0.5               # 0.1 to 10; left out: 1

[[period]]
from = 2026-01-20T08:00:00    # the shop's local time
scenario = "stockout"
"""

_KEYS = ("scenario", "from_day", "from", "for", "intensity", "orders_per_day")
_FIRST_YEAR, _LAST_YEAR = 2000, 2200

_PERIOD = re.compile(r"\s*\[\[\s*[\"']?period[\"']?\s*\]\]")
_OTHER_TABLE = re.compile(r"\s*\[+\s*[\"']?([^\"'\].]+)")
_ENTRY = re.compile(r"\s*[\"']?([\w-]+)[\"']?\s*(?:\.[^=]*)?=\s*")
_Value = TypeVar("_Value")


class _Place(NamedTuple):
    """Where something stands in the file: lines and columns count from 1."""

    line: int
    column: int


class Period(NamedTuple):
    """A scenario for a while: from so many ticks after the run's start, or from a moment; for so many ticks, or until the next period."""

    scenario: Scenario
    intensity: float
    orders_per_day: int | None
    start: int | datetime
    lasts: int | None
    place: _Place


class Plan(NamedTuple):
    """The periods of a file, as they stand in it; ``name`` is what the file is called."""

    name: str
    periods: tuple[Period, ...]

    def switches(self, clock: ShopClock, current: Switch) -> list[Switch]:
        """The switches that make the plan, where ``current`` is in force from the tick at which the run starts, and between periods.

        Raises SettingsError when a period begins before that, or before the one before it has ended.
        """
        starts = {period: self._start(clock, current.from_tick, period) for period in self.periods}
        ordered = sorted(self.periods, key=lambda period: starts[period])
        switches: dict[int, Switch] = {}
        end = 0
        for previous, period in zip([None, *ordered], ordered, strict=False):
            start = starts[period]
            if previous is not None and (start < end or start == starts[previous]):
                first, later = sorted((previous, period), key=lambda either: either.place)
                raise _refusal(self.name, later.place, f"this period and the one of line {first.place.line} overlap. Let one end before.")
            switches[start] = Switch(start, period.scenario, period.intensity, period.orders_per_day or current.orders_per_day)
            if period.lasts is not None:
                end = start + period.lasts
                switches[end] = current._replace(from_tick=end)
        return sorted(switches.values())

    def _start(self, clock: ShopClock, now_tick: int, period: Period) -> int:
        tick = now_tick + period.start if isinstance(period.start, int) else clock.tick_at(period.start)
        if tick < now_tick:
            raise _refusal(
                self.name, period.place,
                f"this period begins before the shop's clock, which stands at {clock.local(now_tick):%Y-%m-%d %H:%M}. Let it begin later; "
                "to go on with a plan that was given before, leave --schedule out",
            )  # fmt: skip
        return tick


def read_plan(path: Path) -> Plan:
    """Read a plan from a file.

    Raises SettingsError, with line and column, when it is not one.
    """
    try:
        return parse(path.read_bytes().decode(), path.name)
    except OSError as problem:
        raise SettingsError(
            f"schedule: {path} cannot be read ({problem.strerror}). Give a file such as `shoplake generate --help` shows."
        ) from problem
    except UnicodeDecodeError as problem:
        line = problem.object[: problem.start].count(b"\n") + 1
        column = problem.start - (problem.object[: problem.start].rfind(b"\n") + 1) + 1
        raise _refusal(path.name, _Place(line, column), "this is not UTF-8 text. Save the file as UTF-8") from problem


def parse(text: str, name: str) -> Plan:
    """Parse the text of a plan; ``name`` is what the file is called.

    Raises SettingsError, with line and column, when it is not one.
    """
    document, places = _document(text, name), _Places(text)
    for key in document:
        if key != "period":
            raise _refusal(name, places.of_key(0, key), f"there is no {key!r} here. Write each period under a line [[period]]")
    tables = document.get("period")
    if not isinstance(tables, list) or len(tables) != places.period_count:
        raise _refusal(name, places.of_key(0, "period"), "a plan is made of periods, each under a line [[period]] of its own")
    return Plan(name, tuple(_period(name, table, number, places) for number, table in enumerate(tables, start=1)))


def _document(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as problem:
        # tomllib says the place in words only, and not for numbers that are too long or lists that are too deep.
        found = re.fullmatch(r"(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", str(problem), re.DOTALL)
        lines = text.split("\n")
        if found is None:
            raise SettingsError(f"schedule: {name} is not TOML that can be read: {problem}.") from problem
        place = _Place(int(found["line"] or len(lines)), int(found["column"] or len(lines[-1]) + 1))
        raise _refusal(name, place, f"this is not TOML: {found['what'][0].lower()}{found['what'][1:]}") from problem


class _Places:
    """Where the entries of a plan stand. A period's number counts from 1; 0 is what stands before the first."""

    def __init__(self, text: str) -> None:
        self.period_count = 0
        self._headers = [_Place(1, 1)]
        self._entries: dict[tuple[int | None, str], tuple[_Place, _Place]] = {}
        number: int | None = 0
        for line_number, line in enumerate(text.split("\n"), start=1):
            start = _Place(line_number, len(line) - len(line.lstrip()) + 1)
            if _PERIOD.match(line):
                self.period_count = number = self.period_count + 1
                self._headers.append(start)
            elif header := _OTHER_TABLE.match(line):
                number = None
                self._entries.setdefault((0, header[1]), (start, start))
            elif entry := _ENTRY.match(line):
                self._entries.setdefault((number, entry[1]), (start, _Place(line_number, entry.end() + 1)))

    def of_period(self, number: int) -> _Place:
        """Where a period begins."""
        return self._headers[number]

    def of_key(self, number: int, key: str) -> _Place:
        """Where the name of an entry stands; where it is not found, where its period begins."""
        return self._entries.get((number, key), (self._headers[number],))[0]

    def of_value(self, number: int, key: str) -> _Place:
        """Where the value of an entry stands; where it is not found, where its period begins."""
        return self._entries.get((number, key), (self._headers[number],))[-1]


def _period(name: str, table: dict[str, Any], number: int, places: _Places) -> Period:
    for key in table:
        if key not in _KEYS:
            near = get_close_matches(key, _KEYS, n=1)
            meant = f"Did you mean {near[0]}" if near else f"A period has {', '.join(_KEYS)}"
            raise _refusal(name, places.of_key(number, key), f"there is no {key!r} in a period. {meant}")
    if "scenario" not in table or ("from" in table) == ("from_day" in table):
        raise _refusal(name, places.of_period(number), "a period has a scenario, and begins either from_day or from a moment")

    def value(key: str, read: Callable[[Any], _Value], default: Any = None) -> _Value:
        try:
            return read(table.get(key, default))
        except ShoplakeError as problem:
            raise _refusal(name, places.of_value(number, key), str(problem).partition(": ")[2]) from problem

    return Period(
        scenario=value("scenario", _scenario),
        intensity=value("intensity", _intensity, 1.0),
        orders_per_day=value("orders_per_day", _orders_per_day),
        start=value("from", _moment) if "from" in table else value("from_day", _from_day),
        lasts=value("for", _duration),
        place=places.of_period(number),
    )


def _scenario(value: Any) -> Scenario:
    return find(_typed(value, str, 'a name in quotes, such as "flash_sale"'))


def _intensity(value: Any) -> float:
    intensity = float(_typed(value, (int, float), "a number, such as 1.5"))
    check_intensity(intensity)
    return intensity


def _orders_per_day(value: Any) -> int | None:
    if value is None:
        return None
    orders_per_day: int = _typed(value, int, "a whole number, such as 3000")
    check_orders_per_day(orders_per_day)
    return orders_per_day


def _from_day(value: Any) -> int:
    days: float = _typed(value, (int, float), "a number of days, such as 2 or 0.5")
    if not 0 <= days <= MOST_DAYS:
        raise SettingsError(f"schedule: {days} days after the start are not possible. Give 0 to {MOST_DAYS:,}.")
    return round(days * TICKS_PER_DAY)


def _moment(value: Any) -> datetime:
    moment = value
    if isinstance(value, date) and not isinstance(value, datetime):
        moment = datetime.combine(value, time())
    if not isinstance(moment, datetime) or not _FIRST_YEAR <= moment.year <= _LAST_YEAR or moment.second or moment.microsecond:
        raise SettingsError("schedule: this is not a minute of a shop's life. Give one without quotes, such as 2026-01-20T08:00:00.")
    return moment


def _duration(value: Any) -> int | None:
    return None if value is None else ticks_of(_typed(value, str, 'a length in quotes, such as "2h"'))


def _typed(value: Any, kind: type | tuple[type, ...], what: str) -> Any:
    # A truth is a whole number to Python.
    if isinstance(value, bool) or not isinstance(value, kind):
        raise SettingsError(f"schedule: {value!r} cannot stand here. Give {what}.")
    return value


def _refusal(name: str, place: _Place, sentence: str) -> SettingsError:
    return SettingsError(f"schedule: {name} line {place.line}, column {place.column}: {sentence.removesuffix('.')}.")
