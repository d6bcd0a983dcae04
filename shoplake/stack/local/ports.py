"""Ports of the loopback address: which are free, and whether somebody answers."""

import socket
from collections.abc import Container

import requests

from shoplake.core.errors import PortTakenError
from shoplake.core.settings import LOOPBACK


def is_free(port: int) -> bool:
    """Whether a server could listen on ``port`` of 127.0.0.1 now."""
    return obstacle(port) is None


def obstacle(port: int) -> OSError | None:
    """Why a server could not listen on ``port`` of 127.0.0.1 now, None when it could."""
    with socket.socket() as probe:
        # As servers do: a connection that lingers after its server ended does not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as problem:
            return problem
    return None


def next_free(port: int, taken: Container[int]) -> int:
    """The first free port above ``port`` that is not in ``taken``."""
    for candidate in range(port + 1, 65536):
        if candidate not in taken and is_free(candidate):
            return candidate
    raise PortTakenError(f"stack: no port above {port} is free. Free one, or choose one with the setting.")


def accepts(port: int) -> bool:
    """Whether a server on ``port`` of 127.0.0.1 takes connections."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=2):
            return True
    except OSError:
        return False


def answers(url: str) -> bool:
    """Whether ``url`` answers a GET with success."""
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False
