"""Runs a command as its users do, and says what the operating system counted."""

import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from shoplake.core.errors import BuildError
from shoplake.core.settings import Settings


@dataclass(frozen=True)
class Ended:
    """A finished command: wall seconds, and peak resident memory in bytes where it was above this process's own."""

    seconds: float
    peak_bytes: int | None


def run(settings: Settings, *arguments: str) -> Ended:
    """Run `shoplake` with ``arguments`` in a process of its own. Raises BuildError when it fails."""
    command = [str(Path(sys.executable).parent / "shoplake"), *arguments]
    started = time.monotonic()
    process = subprocess.Popen(command, env=os.environ | settings.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    with process:
        said = (process.stderr.read() if process.stderr else b"").decode(errors="replace")
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise BuildError(
            f"bench: shoplake {' '.join(arguments)} failed ({said.strip().splitlines()[-1] if said.strip() else 'no message'})."
        )
    seconds = time.monotonic() - started
    # A child begins as a copy of this process, and the operating system counts that as its peak.
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Ended(seconds, usage.ru_maxrss * 1024 if usage.ru_maxrss > own else None)
