"""What lies where: warehouses, how many pieces they hold, and every piece that came or went, by lot."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, ForeignKeyConstraint, Integer, SmallInteger, Table, Text

from gen_data.schema.metadata import INSTANT, LAST_CHANGE, METADATA, MONEY, is_one_of

WAREHOUSE_CODES = ("HAN", "DAD", "SGN")
REGIONS = ("north", "central", "south")
STOCK_MOVES = ("receipt", "issue", "return", "loss")

WAREHOUSES = Table(
    "warehouses",
    METADATA,
    Column("warehouse_code", Text, primary_key=True, comment="HAN, DAD or SGN"),
    Column("name", Text, nullable=False, comment="what people call it"),
    Column("region", Text, nullable=False, comment="north, central or south: whose orders it serves first"),
    Column("province", Text, nullable=False, comment="where it stands"),
    Column("updated_at", INSTANT, nullable=False, comment=LAST_CHANGE),
    CheckConstraint(is_one_of("warehouse_code", WAREHOUSE_CODES), name="warehouses_warehouse_code_is_known"),
    CheckConstraint(is_one_of("region", REGIONS), name="warehouses_region_is_known"),
    comment="One row per warehouse.",
)

INVENTORY = Table(
    "inventory",
    METADATA,
    Column("product_id", BigInteger, ForeignKey("products.product_id"), primary_key=True, autoincrement=False, comment="what lies there"),
    Column("warehouse_code", Text, ForeignKey("warehouses.warehouse_code"), primary_key=True, comment="where it lies"),
    Column("on_hand", Integer, nullable=False, comment="pieces in the warehouse, reserved ones included"),
    Column("reserved", Integer, nullable=False, comment="pieces of these that are sold and have not left"),
    Column("on_order", Integer, nullable=False, comment="pieces that the supplier will bring"),
    Column("expected_at", INSTANT, comment="when the supplier brings them, null when nothing is on order"),
    Column("safety_stock", Integer, nullable=False, comment="available pieces (on_hand less reserved) below which there is an alert"),
    Column("reorder_point", Integer, nullable=False, comment="available pieces at which more are ordered"),
    Column("below_safety_since", INSTANT, comment="since when fewer than safety_stock are available, null while there are enough"),
    Column("updated_at", INSTANT, nullable=False, comment=LAST_CHANGE),
    CheckConstraint("on_hand >= 0", name="inventory_on_hand_is_not_negative"),
    # What is reserved has been sold: more of it than there is would be overselling.
    CheckConstraint("reserved between 0 and on_hand", name="inventory_reserved_is_in_stock"),
    CheckConstraint("on_order >= 0", name="inventory_on_order_is_not_negative"),
    CheckConstraint("(on_order = 0) = (expected_at is null)", name="inventory_expected_at_is_set_while_on_order"),
    CheckConstraint("safety_stock >= 0", name="inventory_safety_stock_is_not_negative"),
    CheckConstraint("reorder_point >= safety_stock", name="inventory_reorder_point_is_above_the_safety_stock"),
    CheckConstraint(
        "(on_hand - reserved < safety_stock) = (below_safety_since is not null)", name="inventory_safety_alert_is_on_while_below"
    ),
    # Few rows, changed by every order: with room on their page that touches no index.
    postgresql_with={"fillfactor": 40},
    comment="One row per product and warehouse: what lies there now, how much of it is sold, and what is to come.",
)

# A receipt or a return opens a lot that bears its own sequence as number; an issue or a loss takes from one lot.
INVENTORY_LOG = Table(
    "inventory_log",
    METADATA,
    Column("product_id", BigInteger, primary_key=True, autoincrement=False, comment="what moved"),
    Column("warehouse_code", Text, primary_key=True, comment="where it moved"),
    Column(
        "sequence",
        Integer,
        primary_key=True,
        autoincrement=False,
        comment="number of the movement for product and warehouse, from 1 without a gap",
    ),
    Column("kind", Text, nullable=False, comment="receipt from the supplier, issue with a parcel, return of sound pieces, or loss"),
    Column("quantity", Integer, nullable=False, comment="pieces that came (above zero) or went (below zero)"),
    Column("lot", Integer, nullable=False, comment="the lot that was touched: the sequence of the receipt or return that opened it"),
    Column("unit_cost", MONEY, nullable=False, comment="what a piece of the lot cost the shop, in its currency"),
    Column("lot_after", Integer, nullable=False, comment="pieces left of the lot afterwards"),
    Column("on_hand_after", Integer, nullable=False, comment="pieces left in the warehouse afterwards"),
    Column("order_id", BigInteger, comment="order for which pieces left or came back, null for a receipt or loss"),
    Column("line_number", SmallInteger, comment="line of that order, null for a receipt or loss"),
    Column("happened_at", INSTANT, nullable=False, comment="when the pieces moved"),
    ForeignKeyConstraint(["product_id", "warehouse_code"], ["inventory.product_id", "inventory.warehouse_code"]),
    ForeignKeyConstraint(["order_id", "line_number"], ["order_items.order_id", "order_items.line_number"]),
    CheckConstraint("sequence >= 1", name="inventory_log_sequence_counts_from_one"),
    CheckConstraint(is_one_of("kind", STOCK_MOVES), name="inventory_log_kind_is_known"),
    CheckConstraint(
        "quantity <> 0 and (quantity > 0) = (kind in ('receipt', 'return'))", name="inventory_log_quantity_has_the_sign_of_its_kind"
    ),
    CheckConstraint("unit_cost >= 0", name="inventory_log_unit_cost_is_not_negative"),
    CheckConstraint("lot_after >= 0", name="inventory_log_lot_after_is_not_negative"),
    CheckConstraint("on_hand_after >= 0", name="inventory_log_on_hand_after_is_not_negative"),
    CheckConstraint(
        "case when kind in ('receipt', 'return') then lot = sequence else lot < sequence end",
        name="inventory_log_lot_is_its_own_or_an_earlier_one",
    ),
    CheckConstraint(
        "(kind in ('issue', 'return')) = (order_id is not null) and (order_id is null) = (line_number is null)",
        name="inventory_log_issue_and_return_name_their_line",
    ),
    comment="One row per movement of a product in a warehouse and lot touched, the oldest lot first; rows are only added.",
)
