"""The first eleven tables, their two rules, and the generator's bookkeeping."""

import sqlalchemy as sa
from alembic import op

from gen_data.schema.upgrade import SQL_FOLDER

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Bring an empty database to this version."""
    op.create_table(
        "categories",
        sa.Column("category_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent_category_id", sa.Integer(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("parent_category_id <> category_id", name="categories_parent_is_another"),
        sa.ForeignKeyConstraint(["parent_category_id"], ["categories.category_id"], name="categories_parent_category_id_fkey"),
        sa.PrimaryKeyConstraint("category_id", name="categories_pkey"),
    )
    op.create_table(
        "channels",
        sa.Column("channel_code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("commission_rate", sa.Numeric(precision=5, scale=4), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("channel_code in ('shopee', 'lazada', 'tiki', 'website')", name="channels_channel_code_is_known"),
        sa.CheckConstraint("commission_rate between 0 and 1", name="channels_commission_rate_is_a_share"),
        sa.PrimaryKeyConstraint("channel_code", name="channels_pkey"),
    )
    op.create_table(
        "customer_history",
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("signup_channel_code", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("operation in ('insert', 'update', 'delete')", name="customer_history_operation_is_known"),
        sa.CheckConstraint("version >= 1", name="customer_history_version_counts_from_one"),
        sa.PrimaryKeyConstraint("customer_id", "version", name="customer_history_pkey"),
    )
    op.create_table(
        "clock",
        sa.Column("only_row", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("next_tick", sa.BigInteger(), nullable=False),
        sa.Column("next_customer_id", sa.BigInteger(), nullable=False),
        sa.Column("next_address_id", sa.BigInteger(), nullable=False),
        sa.Column("next_order_id", sa.BigInteger(), nullable=False),
        sa.Column("next_payment_id", sa.BigInteger(), nullable=False),
        sa.Column("day_customer_count", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("only_row", name="clock_has_one_row"),
        sa.PrimaryKeyConstraint("only_row", name="clock_pkey"),
        schema="shop_control",
    )
    op.create_table(
        "name_pool",
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("part", "position", name="name_pool_pkey"),
        schema="shop_control",
    )
    op.create_table(
        "scenario_switches",
        sa.Column("from_tick", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("scenario", sa.Text(), nullable=False),
        sa.Column("orders_per_day", sa.Integer(), nullable=False),
        sa.CheckConstraint("from_tick >= 0", name="scenario_switches_from_tick_is_not_negative"),
        sa.CheckConstraint("orders_per_day > 0", name="scenario_switches_orders_per_day_is_positive"),
        sa.PrimaryKeyConstraint("from_tick", name="scenario_switches_pkey"),
        schema="shop_control",
    )
    op.create_table(
        "shop",
        sa.Column("only_row", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("only_row", name="shop_has_one_row"),
        sa.PrimaryKeyConstraint("only_row", name="shop_pkey"),
        schema="shop_control",
    )
    op.create_table(
        "customers",
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("signup_channel_code", sa.Text(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("email like '%_@_%'", name="customers_email_has_an_at_sign"),
        sa.CheckConstraint("tier in ('bronze', 'silver', 'gold', 'platinum')", name="customers_tier_is_known"),
        sa.ForeignKeyConstraint(["signup_channel_code"], ["channels.channel_code"], name="customers_signup_channel_code_fkey"),
        sa.PrimaryKeyConstraint("customer_id", name="customers_pkey"),
        sa.UniqueConstraint("email", name="customers_email_key"),
    )
    op.create_table(
        "products",
        sa.Column("product_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("list_price", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("unit_cost", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status in ('active', 'discontinued')", name="products_status_is_known"),
        sa.CheckConstraint("list_price >= 0", name="products_list_price_is_not_negative"),
        sa.CheckConstraint("unit_cost >= 0", name="products_unit_cost_is_not_negative"),
        sa.ForeignKeyConstraint(["category_id"], ["categories.category_id"], name="products_category_id_fkey"),
        sa.PrimaryKeyConstraint("product_id", name="products_pkey"),
        sa.UniqueConstraint("sku", name="products_sku_key"),
    )
    op.create_table(
        "customer_addresses",
        sa.Column("address_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("street", sa.Text(), nullable=False),
        sa.Column("district", sa.Text(), nullable=False),
        sa.Column("province", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name="customer_addresses_customer_id_fkey"),
        sa.PrimaryKeyConstraint("address_id", name="customer_addresses_pkey"),
    )
    op.create_index("customer_addresses_customer_id_idx", "customer_addresses", ["customer_id"], unique=False)
    op.create_index(
        "customer_addresses_one_default_each", "customer_addresses", ["customer_id"], unique=True, postgresql_where=sa.text("is_default")
    )
    op.create_table(
        "product_prices",
        sa.Column("product_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("list_price", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("list_price >= 0", name="product_prices_list_price_is_not_negative"),
        sa.ForeignKeyConstraint(["product_id"], ["products.product_id"], name="product_prices_product_id_fkey"),
        sa.PrimaryKeyConstraint("product_id", "valid_from", name="product_prices_pkey"),
    )
    op.create_table(
        "orders",
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("address_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_code", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("items_amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("discount_amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("shipping_amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("tax_amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("total_amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status in ('pending', 'paid', 'packed', 'shipped', 'delivered', 'cancelled', 'returned')", name="orders_status_is_known"
        ),
        sa.CheckConstraint("discount_amount >= 0", name="orders_discount_amount_is_not_negative"),
        sa.CheckConstraint("items_amount >= 0", name="orders_items_amount_is_not_negative"),
        sa.CheckConstraint("shipping_amount >= 0", name="orders_shipping_amount_is_not_negative"),
        sa.CheckConstraint("tax_amount >= 0", name="orders_tax_amount_is_not_negative"),
        sa.CheckConstraint(
            "total_amount = items_amount - discount_amount + shipping_amount + tax_amount",
            name="orders_total_amount_is_the_sum_of_its_parts",
        ),
        sa.CheckConstraint("total_amount >= 0", name="orders_total_amount_is_not_negative"),
        sa.ForeignKeyConstraint(["address_id"], ["customer_addresses.address_id"], name="orders_address_id_fkey"),
        sa.ForeignKeyConstraint(["channel_code"], ["channels.channel_code"], name="orders_channel_code_fkey"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name="orders_customer_id_fkey"),
        sa.PrimaryKeyConstraint("order_id", name="orders_pkey"),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index("orders_address_id_idx", "orders", ["address_id"], unique=False)
    op.create_index("orders_customer_id_idx", "orders", ["customer_id"], unique=False)
    op.create_index("orders_ordered_at_idx", "orders", ["ordered_at"], unique=False)
    op.create_table(
        "order_items",
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("line_number", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("list_price", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("discount_amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("line_amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("unit_cost", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.CheckConstraint("discount_amount between 0 and list_price * quantity", name="order_items_discount_amount_is_within_the_price"),
        sa.CheckConstraint("line_amount = list_price * quantity - discount_amount", name="order_items_line_amount_is_price_less_discount"),
        sa.CheckConstraint("line_number >= 1", name="order_items_line_number_counts_from_one"),
        sa.CheckConstraint("list_price >= 0", name="order_items_list_price_is_not_negative"),
        sa.CheckConstraint("quantity > 0", name="order_items_quantity_is_positive"),
        sa.CheckConstraint("unit_cost >= 0", name="order_items_unit_cost_is_not_negative"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="order_items_order_id_fkey"),
        sa.ForeignKeyConstraint(["product_id"], ["products.product_id"], name="order_items_product_id_fkey"),
        sa.PrimaryKeyConstraint("order_id", "line_number", name="order_items_pkey"),
    )
    op.create_table(
        "order_status_history",
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sequence", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status in ('pending', 'paid', 'packed', 'shipped', 'delivered', 'cancelled', 'returned')",
            name="order_status_history_status_is_known",
        ),
        sa.CheckConstraint("sequence >= 1", name="order_status_history_sequence_counts_from_one"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="order_status_history_order_id_fkey"),
        sa.PrimaryKeyConstraint("order_id", "sequence", name="order_status_history_pkey"),
    )
    op.create_table(
        "payments",
        sa.Column("payment_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.SmallInteger(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("method in ('cod', 'card', 'e_wallet', 'bank_transfer')", name="payments_method_is_known"),
        sa.CheckConstraint("status in ('succeeded', 'failed', 'refunded')", name="payments_status_is_known"),
        sa.CheckConstraint("amount >= 0", name="payments_amount_is_not_negative"),
        sa.CheckConstraint("attempt >= 1", name="payments_attempt_counts_from_one"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="payments_order_id_fkey"),
        sa.PrimaryKeyConstraint("payment_id", name="payments_pkey"),
        sa.UniqueConstraint("order_id", "attempt", name="payments_one_row_per_attempt"),
    )
    for script in ("0001_customer_history.sql", "0001_order_status.sql"):
        op.execute(sa.text((SQL_FOLDER / script).read_text().replace(":", r"\:")))
