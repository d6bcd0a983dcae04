"""The shop's clock: it moves in ticks of one minute of shop time, from the instant at which the shop opened."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

from gen_data.randomness import IntArray

TICK_SECONDS = 60
TICK = TICK_SECONDS * 1_000_000
HOUR = 3_600 * 1_000_000
DAY = 24 * HOUR
TICKS_PER_DAY = DAY // TICK

# Time zones change their offset at quarters of an hour only.
_OFFSET_STEP = HOUR // 4

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_datetime(instant: int) -> datetime:
    """The UTC datetime of an instant in microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=int(instant))


def to_instant(moment: datetime) -> int:
    """Microseconds since 1970 of an aware datetime."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def utc_offsets(zone: ZoneInfo, instants: IntArray) -> IntArray:
    """How far a zone's local time is ahead of UTC at instants; all in microseconds."""
    found, place = np.unique(instants // _OFFSET_STEP, return_inverse=True)
    return np.array([_utc_offset(zone, step) for step in found.tolist()], dtype=np.int64)[place]


@lru_cache(maxsize=1 << 14)
def _utc_offset(zone: ZoneInfo, step: int) -> int:
    offset = to_datetime(step * _OFFSET_STEP).astimezone(zone).utcoffset()
    return 0 if offset is None else offset // timedelta(microseconds=1)


@dataclass(frozen=True)
class ShopClock:
    """Translates ticks to instants (microseconds since 1970, UTC) and to the hours and days of the shop's time zone."""

    opened_at: datetime
    zone: ZoneInfo

    def instant(self, tick: int) -> int:
        """The instant at which a tick begins."""
        return to_instant(self.opened_at) + tick * TICK

    def moment(self, tick: int) -> datetime:
        """The UTC datetime at which a tick begins."""
        return to_datetime(self.instant(tick))

    def local(self, tick: int) -> datetime:
        """The shop's local time at which a tick begins."""
        return self.moment(tick).astimezone(self.zone)

    def begins_day(self, tick: int) -> bool:
        """Whether a local day begins with this tick; the shop's first tick counts as one."""
        return tick == 0 or self.local(tick).date() != self.local(tick - 1).date()

    def tick_at(self, moment: datetime) -> int:
        """The first tick that begins at or after a moment; one without a zone is in the shop's local time."""
        since_opening = to_instant(moment if moment.tzinfo else moment.replace(tzinfo=self.zone)) - self.instant(0)
        return -(-since_opening // TICK)

    def day_start(self, tick: int) -> int:
        """The first tick of the local day that ``tick`` is in; the shop's first tick on its first day."""
        midnight = datetime.combine(self.local(tick).date(), datetime.min.time(), tzinfo=self.zone)
        return max(self.tick_at(midnight), 0)

    def day_end(self, tick: int) -> int:
        """The first tick of the local day after the one that ``tick`` is in."""
        tomorrow = datetime.combine(self.local(tick).date() + timedelta(days=1), datetime.min.time(), tzinfo=self.zone)
        return max(self.tick_at(tomorrow), tick + 1)

    def ticks_at(self, instants: IntArray) -> IntArray:
        """The ticks that instants lie in."""
        ticks: IntArray = (instants - self.instant(0)) // TICK
        return ticks

    def hours_and_days(self, ticks: IntArray) -> tuple[IntArray, IntArray]:
        """The local hour (0 to 23) and the local day, counted from 1970, of each tick."""
        instants = self.instant(0) + ticks * TICK
        local = instants + utc_offsets(self.zone, instants)
        return local % DAY // HOUR, local // DAY
