"""Lengths of shop time as people write them: 30m, 2h, 1d12h."""

import re

from gen_data.clock import TICKS_PER_DAY
from shoplake.core.errors import SettingsError

_TICKS = {"m": 1, "h": 60, "d": TICKS_PER_DAY}
_DURATION = re.compile(r"(?:(?P<d>\d{1,6})d)?(?:(?P<h>\d{1,6})h)?(?:(?P<m>\d{1,6})m)?", re.ASCII)
MOST_DAYS = 36_500


def ticks_of(text: str) -> int:
    """The ticks (minutes of shop time) of a duration such as ``30m``, ``2h`` or ``1d12h``.

    Raises SettingsError unless it is one, of at least a minute.
    """
    found = _DURATION.fullmatch(text.strip().lower())
    ticks = sum(int(number) * _TICKS[unit] for unit, number in found.groupdict(default="0").items()) if found else 0
    if not 0 < ticks <= MOST_DAYS * TICKS_PER_DAY:
        raise SettingsError(f"scenario: {text!r} is not a length of shop time. Give one such as 30m, 2h or 1d12h.")
    return ticks
