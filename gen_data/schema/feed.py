"""What the marketplaces send: raw text without any rule, where dirty data enters as it does in life."""

from sqlalchemy import BigInteger, Column, Table, Text

from gen_data.schema.metadata import INSTANT, METADATA

MARKETPLACE_FEED = Table(
    "marketplace_feed",
    METADATA,
    Column("feed_id", BigInteger, primary_key=True, autoincrement=False, comment="names the message as it was received"),
    Column("channel_code", Text, nullable=False, comment="marketplace that sent it"),
    Column("received_at", INSTANT, nullable=False, comment="when it was received"),
    Column("payload", Text, nullable=False, comment="text of the message: JSON about an order, as a rule"),
    comment="One row per message from a marketplace, exactly as it was received: no rule holds here.",
)
