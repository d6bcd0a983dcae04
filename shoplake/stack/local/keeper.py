"""The keeper: starts a service anew that ended though nobody stopped it, as a container engine does by its restart policy."""

import sys
import time
from pathlib import Path

from shoplake.core.settings import Settings

# Longer than any service may take to start.
_SECONDS_BETWEEN_BEATS = 240.0


def command(settings: Settings) -> list[str]:
    """The command line of the process that watches."""
    return [sys.executable, "-P", "-m", "shoplake.stack.keeper"]


def environment(settings: Settings) -> dict[str, str]:
    """This stack's settings."""
    return settings.environment()


def beat_file(settings: Settings) -> Path:
    """Touched by the keeper each time that it has looked at all services."""
    return settings.home / "run" / "keeper.beat"


def is_healthy(settings: Settings) -> bool:
    """Whether the keeper looked at the services lately."""
    file = beat_file(settings)
    return file.exists() and time.time() - file.stat().st_mtime < _SECONDS_BETWEEN_BEATS
