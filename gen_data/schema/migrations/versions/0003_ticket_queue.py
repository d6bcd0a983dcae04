"""Support's queue: the tickets that still wait are found at once, and a ticket is not changed before it was opened."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Bring a shop of the version before to this one; its rows stay as they are."""
    op.create_index(
        "support_tickets_opened_at_idx", "support_tickets", ["opened_at"], unique=False, postgresql_where=sa.text("status <> 'resolved'")
    )
    op.create_check_constraint("support_tickets_updated_at_is_not_before_opened_at", "support_tickets", "updated_at >= opened_at")
