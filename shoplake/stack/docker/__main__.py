"""``python -m shoplake.stack.docker run NAME`` runs one service until it is stopped; ``health NAME`` tells whether it answers."""

import os
import signal
import subprocess
import sys
import time

from shoplake.core.errors import ServiceError, ShoplakeError
from shoplake.core.progress import silent
from shoplake.core.settings import load_settings
from shoplake.stack.local.runner import environment_of, settle
from shoplake.stack.services import SERVICES, Service, select


def run(service: Service) -> int:
    """Prepare and run ``service`` in the foreground. Returns its exit code."""
    settings, _ = settle(load_settings(), SERVICES)
    service.check(settings)
    service.prepare(settings, silent)
    folder = settings.home / service.name
    folder.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        list(service.command(settings)), env=environment_of(settings, service, service.environment(settings)), cwd=folder
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: process.send_signal(service.stop_signal))
    deadline = time.monotonic() + service.start_seconds
    while process.poll() is None and not service.is_healthy(settings):
        if time.monotonic() > deadline:
            process.terminate()
            raise ServiceError(f"{service.name}: it did not answer within {service.start_seconds} s. Look at the container's log.")
        time.sleep(0.25)
    if process.poll() is None:
        service.bootstrap(settings)
    return process.wait()


def main() -> None:
    """Do what the command line asks."""
    _, action, name = sys.argv
    service = next(service for service in select([name]) if service.name == name)
    try:
        sys.exit(run(service) if action == "run" else int(not service.is_healthy(load_settings())))
    except ShoplakeError as problem:
        os.write(2, f"{problem}\n".encode())
        sys.exit(problem.exit_code)


if __name__ == "__main__":
    main()
