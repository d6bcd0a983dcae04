"""Logging of every command and task: one line an event, to standard error."""

import logging
import sys
import time


def configure(level: str) -> None:
    """Send the project's log records at ``level`` and above to standard error, in UTC."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    for name in ("shoplake", "gen_data", "iceberg", "spark_jobs"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(level.upper())
