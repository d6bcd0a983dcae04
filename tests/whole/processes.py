"""The processes of a stack, found without its own books of them."""

import contextlib

import psutil

from shoplake.core.settings import Settings
from shoplake.stack.local import processes
from shoplake.stack.local.runner import pid_file
from shoplake.stack.services import SERVICES


def family(settings: Settings) -> list[psutil.Process]:
    """Every process of the stack, children included."""
    found: dict[int, psutil.Process] = {}
    for service in SERVICES:
        for process in processes.members(settings.home, service.name, pid_file(settings, service)):
            with contextlib.suppress(psutil.NoSuchProcess):
                found |= {member.pid: member for member in (process, *process.children(recursive=True))}
    return list(found.values())
