"""The process of the keeper: `python -m shoplake.stack.keeper`."""

import logging
import time
from collections import defaultdict, deque

from shoplake.core.errors import ShoplakeError
from shoplake.core.settings import Settings, load_settings
from shoplake.stack.local.keeper import beat_file
from shoplake.stack.local.runner import revive

_log = logging.getLogger(__name__)
_SECONDS_BETWEEN_LOOKS = 1.0
# A service that ends more often than this has a reason that another start does not mend.
_MOST_STARTS, _WITHIN_SECONDS = 5, 600.0


def keep(settings: Settings) -> None:
    """Look for services that ended by themselves, and start them anew, until the process is ended.

    Says each of them, with the end of its log. One that ended five times in ten
    minutes, or that does not start, is left to `shoplake up`.
    """
    starts: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_MOST_STARTS))
    while True:
        tired = {name for name, times in starts.items() if len(times) == _MOST_STARTS and time.monotonic() - times[0] < _WITHIN_SECONDS}
        try:
            for state in revive(settings, but=tired):
                starts[state.name].append(time.monotonic())
                _log.warning("%s had ended by itself (%s); it was started anew.", state.name, state.last_words)
        except ShoplakeError as problem:
            _log.error("%s", problem)
        beat_file(settings).touch()
        time.sleep(_SECONDS_BETWEEN_LOOKS)


if __name__ == "__main__":
    logging.basicConfig(format="%(asctime)s %(message)s")
    keep(load_settings())
