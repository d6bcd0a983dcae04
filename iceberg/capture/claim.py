"""The claim of a lake on its source: one source a lake, and one lake a slot.

Positions of different servers cannot be compared, and a slot that two lakes
advance loses changes for both. So the lake remembers whose log it follows and
how far it let the source forget it.
"""

from typing import Any

import psycopg

from shoplake.core.errors import CaptureError

_ANOTHER_LAKE = "Give each source a lake of its own: another SHOPLAKE_HOME, or other SHOPLAKE_CATALOG_URI and SHOPLAKE_WAREHOUSE."


def require(session: psycopg.Connection[Any], source: psycopg.Connection[Any], slot: str, confirmed: int | None) -> None:
    """Claim the source behind ``source`` and its ``slot`` for this lake, or find the claim that stands.

    ``confirmed`` is where the slot stands, None when there is none. Raises
    CaptureError when the lake follows another source, or when somebody else
    made or moved the slot.
    """
    here = source.execute("select system_identifier, current_database() from pg_control_system()").fetchone()
    claimed = session.execute("select system_identifier, database, slot, advanced_to from shoplake.source").fetchone()
    if here is None:
        raise CaptureError("capture: the source does not say which server it is. Repeat the ingest.")
    if claimed is None:
        if confirmed is not None:
            raise CaptureError(
                f"capture: the source has a slot {slot} already, which this lake did not make. "
                "Choose another name with SHOPLAKE_SOURCE_NAME, or drop the slot if nobody needs it."
            )
        session.execute("insert into shoplake.source (system_identifier, database, slot) values (%s, %s, %s)", (*here, slot))
        return
    system_identifier, database, claimed_slot, advanced_to = claimed
    if (system_identifier, database) != tuple(here):
        raise CaptureError(f"capture: this lake holds the changes of database {database} on another server. {_ANOTHER_LAKE}")
    if claimed_slot != slot:
        raise CaptureError(f"capture: this lake follows slot {claimed_slot}, not {slot}. Set SHOPLAKE_SOURCE_NAME back. {_ANOTHER_LAKE}")
    if confirmed is not None and advanced_to is not None and confirmed > advanced_to:
        raise CaptureError(f"capture: somebody else read on in slot {slot}, so changes are missing. Run `shoplake ingest --reload`.")


def advancing(session: psycopg.Connection[Any], position: int | None) -> None:
    """Note how far the slot is about to be advanced, before it is; None for a slot that is made anew."""
    session.execute("update shoplake.source set advanced_to = %s", (position,))
