"""The shop's clock: it moves in ticks of one minute of shop time, from the instant at which the shop opened."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from gen_data.randomness import IntArray

TICK_SECONDS = 60
TICK = TICK_SECONDS * 1_000_000
HOUR = 3_600 * 1_000_000
DAY = 24 * HOUR
TICKS_PER_DAY = DAY // TICK

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_datetime(instant: int) -> datetime:
    """The UTC datetime of an instant in microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=int(instant))


def to_instant(moment: datetime) -> int:
    """Microseconds since 1970 of an aware datetime."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True)
class ShopClock:
    """Translates ticks to instants (microseconds since 1970, UTC) and to the hours and days of the shop's time zone."""

    opened_at: datetime
    zone: ZoneInfo

    def instant(self, tick: int) -> int:
        """The instant at which a tick begins."""
        return to_instant(self.opened_at) + tick * TICK

    def local(self, tick: int) -> datetime:
        """The shop's local time at which a tick begins."""
        return to_datetime(self.instant(tick)).astimezone(self.zone)

    def begins_day(self, tick: int) -> bool:
        """Whether a local day begins with this tick; the shop's first tick counts as one."""
        return tick == 0 or self.local(tick).date() != self.local(tick - 1).date()

    def day_end(self, tick: int) -> int:
        """The first tick of the local day after the one that ``tick`` is in."""
        tomorrow = datetime.combine(self.local(tick).date() + timedelta(days=1), datetime.min.time(), tzinfo=self.zone)
        since_opening = to_instant(tomorrow) - to_instant(self.opened_at)
        return max(-(-since_opening // TICK), tick + 1)

    def hours_and_weekdays(self, ticks: IntArray) -> tuple[IntArray, IntArray]:
        """The local hour (0 to 23) and weekday (Monday is 0) of each tick."""
        moments = [self.local(int(tick)) for tick in ticks]
        return (
            np.array([moment.hour for moment in moments], dtype=np.int64),
            np.array([moment.weekday() for moment in moments], dtype=np.int64),
        )
