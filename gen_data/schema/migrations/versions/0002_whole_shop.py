"""All tables of the shop, their rules, the generator's bookkeeping, and the ground truth."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.schema import CreateSchema

from gen_data.schema.upgrade import SQL_FOLDER

revision = "0002"
# Version 0001 had eleven of these tables; no shop of it is taken over.
down_revision = None


def upgrade() -> None:
    """Bring an empty database to this version."""
    op.execute(CreateSchema("ground_truth", if_not_exists=True))
    op.create_table(
        "carriers",
        sa.Column("carrier_code", sa.Text(), nullable=False, comment="names the carrier in three letters"),
        sa.Column("name", sa.Text(), nullable=False, comment="name of the company"),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, comment="when the row last changed"),
        sa.PrimaryKeyConstraint("carrier_code", name="carriers_pkey"),
        comment="One row per carrier of parcels.",
    )
    op.create_table(
        "categories",
        sa.Column("category_id", sa.Integer(), autoincrement=False, nullable=False, comment="names the category, from 1"),
        sa.Column("name", sa.Text(), nullable=False, comment="as shown to customers"),
        sa.Column("parent_category_id", sa.Integer(), nullable=True, comment="the category above it, null at the top"),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, comment="when the row last changed"),
        sa.CheckConstraint("parent_category_id <> category_id", name="categories_parent_is_another"),
        sa.ForeignKeyConstraint(["parent_category_id"], ["categories.category_id"], name="categories_parent_category_id_fkey"),
        sa.PrimaryKeyConstraint("category_id", name="categories_pkey"),
        comment="One row per category of products, in a tree of two levels.",
    )
    op.create_table(
        "channels",
        sa.Column("channel_code", sa.Text(), nullable=False, comment="shopee, lazada, tiki or website"),
        sa.Column("name", sa.Text(), nullable=False, comment="what people call it"),
        sa.Column(
            "commission_rate",
            sa.Numeric(precision=5, scale=4),
            nullable=False,
            comment="share of what it sells that the channel keeps, 0 to 1",
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False, comment="since when the shop sells there"),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, comment="when the row last changed"),
        sa.Column(
            "payment_fee_rate",
            sa.Numeric(precision=5, scale=4),
            nullable=False,
            comment="share of what is paid through it that the channel keeps, 0 to 1",
        ),
        sa.Column(
            "fixed_fee",
            sa.Numeric(precision=14, scale=2),
            nullable=False,
            comment="what the channel keeps of each order besides, in the shop's currency",
        ),
        sa.Column(
            "lead_time_hours",
            sa.SmallInteger(),
            nullable=False,
            comment="hours after an order within which the channel wants the parcel handed to a carrier",
        ),
        sa.CheckConstraint("channel_code in ('shopee', 'lazada', 'tiki', 'website')", name="channels_channel_code_is_known"),
        sa.CheckConstraint("commission_rate between 0 and 1", name="channels_commission_rate_is_a_share"),
        sa.CheckConstraint("fixed_fee >= 0", name="channels_fixed_fee_is_not_negative"),
        sa.CheckConstraint("lead_time_hours > 0", name="channels_lead_time_hours_is_positive"),
        sa.CheckConstraint("payment_fee_rate between 0 and 1", name="channels_payment_fee_rate_is_a_share"),
        sa.PrimaryKeyConstraint("channel_code", name="channels_pkey"),
        comment="One row per sales channel: three marketplaces and the shop's own website.",
    )
    op.create_table(
        "customer_history",
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="whose version; the customer may be gone"),
        sa.Column(
            "version",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="number of the version for its customer, from 1 without a gap",
        ),
        sa.Column(
            "operation",
            sa.Text(),
            nullable=False,
            comment="insert, update or delete: what made the version; a delete repeats the last values",
        ),
        sa.Column("full_name", sa.Text(), nullable=False, comment="name in this version"),
        sa.Column("email", sa.Text(), nullable=False, comment="address for messages in this version"),
        sa.Column("phone", sa.Text(), nullable=True, comment="telephone number in this version, null when none was given"),
        sa.Column("birth_date", sa.Date(), nullable=True, comment="null when it was not given"),
        sa.Column("tier", sa.Text(), nullable=False, comment="loyalty tier in this version"),
        sa.Column("signup_channel_code", sa.Text(), nullable=False, comment="channel on which the account was opened"),
        sa.Column(
            "changed_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="since when the version is valid, until the customer's next one",
        ),
        sa.CheckConstraint("operation in ('insert', 'update', 'delete')", name="customer_history_operation_is_known"),
        sa.CheckConstraint("version >= 1", name="customer_history_version_counts_from_one"),
        sa.PrimaryKeyConstraint("customer_id", "version", name="customer_history_pkey"),
        comment="One row per version of a customer, the deletion included; kept by triggers, rows are only added.",
    )
    op.create_table(
        "caused_orders",
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="which order"),
        sa.Column(
            "scenario",
            sa.Text(),
            nullable=False,
            comment="what was in force as its customer came; normal_day when somebody came back whom a scenario had brought",
        ),
        sa.Column("promotion_id", sa.BigInteger(), comment="voucher that brought it; null when something else did"),
        sa.PrimaryKeyConstraint("order_id", name="caused_orders_pkey"),
        schema="ground_truth",
        comment="One row per order that would not be there without a scenario, frauds apart.",
    )
    op.create_table(
        "dirty_rows",
        sa.Column("feed_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="which message"),
        sa.Column("kind", sa.Text(), nullable=False, comment="late, repeated, malformed, out_of_order or contradicting"),
        sa.Column("note", sa.Text(), nullable=False, comment="what is wrong with it, in words"),
        sa.CheckConstraint("kind in ('late', 'repeated', 'malformed', 'out_of_order', 'contradicting')", name="dirty_rows_kind_is_known"),
        sa.PrimaryKeyConstraint("feed_id", name="dirty_rows_pkey"),
        schema="ground_truth",
        comment="One row per message of marketplace_feed that is not as it should be.",
    )
    op.create_table(
        "fraud_customers",
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="which account"),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="kind of fraud of its first such order: card_testing, account_takeover, refund_abuse or promo_abuse",
        ),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False, comment="campaign of that order, as in fraud_orders"),
        sa.CheckConstraint(
            "kind in ('card_testing', 'account_takeover', 'refund_abuse', 'promo_abuse')", name="fraud_customers_kind_is_known"
        ),
        sa.PrimaryKeyConstraint("customer_id", name="fraud_customers_pkey"),
        schema="ground_truth",
        comment="One row per account that was used for fraud, taken-over ones included, since its first such order.",
    )
    op.create_table(
        "fraud_orders",
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="which order"),
        sa.Column("kind", sa.Text(), nullable=False, comment="card_testing, account_takeover, refund_abuse or promo_abuse"),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False, comment="what belongs together has the same number"),
        sa.CheckConstraint(
            "kind in ('card_testing', 'account_takeover', 'refund_abuse', 'promo_abuse')", name="fraud_orders_kind_is_known"
        ),
        sa.PrimaryKeyConstraint("order_id", name="fraud_orders_pkey"),
        schema="ground_truth",
        comment="One row per fraudulent order.",
    )
    op.create_table(
        "lost_sales",
        sa.Column(
            "order_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="order that it was meant for, which is not there when nothing of it was in stock",
        ),
        sa.Column("line_number", sa.SmallInteger(), autoincrement=False, nullable=False, comment="place in the basket, from 1"),
        sa.Column("product_id", sa.BigInteger(), nullable=False, comment="what was wanted"),
        sa.Column("quantity", sa.Integer(), nullable=False, comment="pieces wanted"),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False, comment="when it was wanted"),
        sa.CheckConstraint("quantity > 0", name="lost_sales_quantity_is_positive"),
        sa.PrimaryKeyConstraint("order_id", "line_number", name="lost_sales_pkey"),
        schema="ground_truth",
        comment="One row per line of a basket that was not sold for want of stock.",
    )
    op.create_table(
        "loyalty_tiers",
        sa.Column("tier", sa.Text(), nullable=False, comment="bronze, silver, gold or platinum"),
        sa.Column("rank", sa.SmallInteger(), nullable=False, comment="1 for the lowest tier, counting upwards"),
        sa.Column(
            "qualifying_points",
            sa.Integer(),
            nullable=False,
            comment="points earned in the last 90 days, less those taken back, from which on a customer is in this tier",
        ),
        sa.Column(
            "points_factor",
            sa.Numeric(precision=4, scale=2),
            nullable=False,
            comment="what the points that an order earns are multiplied by",
        ),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, comment="when the row last changed"),
        sa.CheckConstraint("tier in ('bronze', 'silver', 'gold', 'platinum')", name="loyalty_tiers_tier_is_known"),
        sa.CheckConstraint("points_factor > 0", name="loyalty_tiers_points_factor_is_positive"),
        sa.CheckConstraint("qualifying_points >= 0", name="loyalty_tiers_qualifying_points_is_not_negative"),
        sa.PrimaryKeyConstraint("tier", name="loyalty_tiers_pkey"),
        sa.UniqueConstraint("rank", name="loyalty_tiers_rank_key"),
        comment="One row per tier of the loyalty programme, which customers reach by the points of the last 90 days.",
    )
    op.create_table(
        "marketplace_feed",
        sa.Column("feed_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="names the message as it was received"),
        sa.Column("channel_code", sa.Text(), nullable=False, comment="marketplace that sent it"),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False, comment="when it was received"),
        sa.Column("payload", sa.Text(), nullable=False, comment="text of the message: JSON about an order, as a rule"),
        sa.PrimaryKeyConstraint("feed_id", name="marketplace_feed_pkey"),
        comment="One row per message from a marketplace, exactly as it was received: no rule holds here.",
    )
    op.create_table(
        "promotions",
        sa.Column("promotion_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="names the promotion"),
        sa.Column("code", sa.Text(), nullable=False, comment="what customers know it by"),
        sa.Column("name", sa.Text(), nullable=False, comment="what is offered, and on which day"),
        sa.Column(
            "kind", sa.Text(), nullable=False, comment="flash_sale for some hours, campaign for whole days, voucher for those who got one"
        ),
        sa.Column("discount_rate", sa.Numeric(precision=5, scale=4), nullable=False, comment="share taken off the list price, 0 to 1"),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False, comment="from when on orders take it"),
        sa.Column(
            "ends_at", sa.DateTime(timezone=True), nullable=False, comment="from when on they do not any more, as planned at its beginning"
        ),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, comment="when the row last changed"),
        sa.CheckConstraint("kind in ('flash_sale', 'voucher', 'campaign')", name="promotions_kind_is_known"),
        sa.CheckConstraint("discount_rate > 0 and discount_rate <= 1", name="promotions_discount_rate_is_a_share"),
        sa.CheckConstraint("ends_at > starts_at", name="promotions_end_after_they_start"),
        sa.PrimaryKeyConstraint("promotion_id", name="promotions_pkey"),
        sa.UniqueConstraint("code", name="promotions_code_key"),
        comment="One row per promotion, written when it begins.",
    )
    op.create_table(
        "clock",
        sa.Column("only_row", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("next_tick", sa.BigInteger(), nullable=False),
        sa.Column("customer_count", sa.BigInteger(), nullable=False),
        sa.Column("guest_count", sa.BigInteger(), nullable=False),
        sa.Column("day_customer_count", sa.BigInteger(), nullable=False),
        sa.Column("day_guest_count", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("only_row", name="clock_has_one_row"),
        sa.PrimaryKeyConstraint("only_row", name="clock_pkey"),
        schema="shop_control",
        comment="One row: where the shop's time stands, committed with the rows of its last step.",
    )
    op.create_table(
        "name_pool",
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("part", "position", name="name_pool_pkey"),
        schema="shop_control",
        comment="One row per part of which names and addresses are made, kept so that a newer faker renames nobody.",
    )
    op.create_table(
        "scenario_switches",
        sa.Column("from_tick", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("scenario", sa.Text(), nullable=False),
        sa.Column("orders_per_day", sa.Integer(), nullable=False),
        sa.Column("intensity", sa.Double(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint("intensity > 0 and intensity < 'infinity'", name="scenario_switches_intensity_is_positive"),
        sa.CheckConstraint("from_tick >= 0", name="scenario_switches_from_tick_is_not_negative"),
        sa.CheckConstraint("orders_per_day > 0", name="scenario_switches_orders_per_day_is_positive"),
        sa.PrimaryKeyConstraint("from_tick", name="scenario_switches_pkey"),
        schema="shop_control",
        comment="One row per switch: from which tick on which scenario is in force, how strong, and how many orders a day there are.",
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
        comment="One row: who the shop is, which with the switches decides all other rows; it never changes.",
    )
    op.create_table(
        "tick_journal",
        sa.Column("only_row", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("tick", sa.BigInteger(), nullable=False),
        sa.Column("steps_done", sa.BigInteger(), nullable=False),
        sa.Column("changes", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("only_row", name="tick_journal_has_one_row"),
        sa.CheckConstraint("steps_done >= 0", name="tick_journal_steps_done_is_not_negative"),
        sa.PrimaryKeyConstraint("only_row", name="tick_journal_pkey"),
        schema="shop_control",
        comment="At most one row: the changes of a tick that is written step by step, for whoever owns the clock next to finish.",
    )
    op.create_table(
        "suppliers",
        sa.Column("supplier_id", sa.Integer(), autoincrement=False, nullable=False, comment="names the supplier, from 1"),
        sa.Column("name", sa.Text(), nullable=False, comment="name of the company"),
        sa.Column("province", sa.Text(), nullable=False, comment="where it delivers from"),
        sa.Column("lead_time_days", sa.SmallInteger(), nullable=False, comment="days that a delivery usually takes"),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, comment="when the row last changed"),
        sa.CheckConstraint("lead_time_days > 0", name="suppliers_lead_time_days_is_positive"),
        sa.PrimaryKeyConstraint("supplier_id", name="suppliers_pkey"),
        comment="One row per supplier; each product comes from one.",
    )
    op.create_table(
        "warehouses",
        sa.Column("warehouse_code", sa.Text(), nullable=False, comment="HAN, DAD or SGN"),
        sa.Column("name", sa.Text(), nullable=False, comment="what people call it"),
        sa.Column("region", sa.Text(), nullable=False, comment="north, central or south: whose orders it serves first"),
        sa.Column("province", sa.Text(), nullable=False, comment="where it stands"),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, comment="when the row last changed"),
        sa.CheckConstraint("region in ('north', 'central', 'south')", name="warehouses_region_is_known"),
        sa.CheckConstraint("warehouse_code in ('HAN', 'DAD', 'SGN')", name="warehouses_warehouse_code_is_known"),
        sa.PrimaryKeyConstraint("warehouse_code", name="warehouses_pkey"),
        comment="One row per warehouse.",
    )
    op.create_table(
        "customers",
        sa.Column(
            "customer_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="names the account, in no order",
        ),
        sa.Column("full_name", sa.Text(), nullable=False, comment="name in the order that is usual in the shop's locale"),
        sa.Column(
            "email", sa.Text(), nullable=False, comment="address for messages, at a host reserved for examples; no two accounts share one"
        ),
        sa.Column("phone", sa.Text(), nullable=True, comment="telephone number, null when none was given"),
        sa.Column("birth_date", sa.Date(), nullable=True, comment="null when it was not given"),
        sa.Column("tier", sa.Text(), nullable=False, comment="loyalty tier, reviewed at every midnight of the shop"),
        sa.Column("signup_channel_code", sa.Text(), nullable=False, comment="channel on which the account was opened"),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False, comment="when the account was opened"),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, comment="when the row last changed"),
        sa.CheckConstraint("email like '%_@_%'", name="customers_email_has_an_at_sign"),
        sa.CheckConstraint("tier in ('bronze', 'silver', 'gold', 'platinum')", name="customers_tier_is_known"),
        sa.ForeignKeyConstraint(["signup_channel_code"], ["channels.channel_code"], name="customers_signup_channel_code_fkey"),
        sa.ForeignKeyConstraint(["tier"], ["loyalty_tiers.tier"], name="customers_tier_fkey"),
        sa.PrimaryKeyConstraint("customer_id", name="customers_pkey"),
        sa.UniqueConstraint("email", name="customers_email_key"),
        comment="One row per customer account; deleted when its owner asks for that.",
    )
    op.create_table(
        "distributors",
        sa.Column("distributor_id", sa.Integer(), autoincrement=False, nullable=False, comment="names the partner, from 1"),
        sa.Column("name", sa.Text(), nullable=False, comment="name of the company"),
        sa.Column("carrier_code", sa.Text(), nullable=False, comment="whose parcels"),
        sa.Column("region", sa.Text(), nullable=False, comment="north, central or south: where it delivers"),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, comment="when the row last changed"),
        sa.CheckConstraint("region in ('north', 'central', 'south')", name="distributors_region_is_known"),
        sa.ForeignKeyConstraint(["carrier_code"], ["carriers.carrier_code"], name="distributors_carrier_code_fkey"),
        sa.PrimaryKeyConstraint("distributor_id", name="distributors_pkey"),
        comment="One row per partner who brings a carrier's parcels to the door in a region.",
    )
    op.create_table(
        "products",
        sa.Column("product_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="names the product, from 1"),
        sa.Column("category_id", sa.Integer(), nullable=False, comment="category of the lower level that it is shown in"),
        sa.Column("sku", sa.Text(), nullable=False, comment="stock keeping unit, the code on its label"),
        sa.Column("name", sa.Text(), nullable=False, comment="as shown to customers"),
        sa.Column(
            "list_price",
            sa.Numeric(precision=14, scale=2),
            nullable=False,
            comment="price of a piece now, before discounts, in the shop's currency; earlier ones are in product_prices",
        ),
        sa.Column(
            "unit_cost", sa.Numeric(precision=14, scale=2), nullable=False, comment="what a piece usually costs the shop, in its currency"
        ),
        sa.Column("status", sa.Text(), nullable=False, comment="active while it is sold, else discontinued"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, comment="since when it is listed"),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, comment="when the row last changed"),
        sa.Column("supplier_id", sa.Integer(), nullable=False, comment="who delivers it"),
        sa.Column("weight_grams", sa.Integer(), nullable=False, comment="weight of a piece with its wrapping, in grams"),
        sa.CheckConstraint("status in ('active', 'discontinued')", name="products_status_is_known"),
        sa.CheckConstraint("list_price >= 0", name="products_list_price_is_not_negative"),
        sa.CheckConstraint("unit_cost >= 0", name="products_unit_cost_is_not_negative"),
        sa.CheckConstraint("weight_grams > 0", name="products_weight_grams_is_positive"),
        sa.ForeignKeyConstraint(["category_id"], ["categories.category_id"], name="products_category_id_fkey"),
        sa.ForeignKeyConstraint(["supplier_id"], ["suppliers.supplier_id"], name="products_supplier_id_fkey"),
        sa.PrimaryKeyConstraint("product_id", name="products_pkey"),
        sa.UniqueConstraint("sku", name="products_sku_key"),
        comment="One row per product that is or was sold.",
    )
    op.create_table(
        "service_level_agreements",
        sa.Column("carrier_code", sa.Text(), nullable=False, comment="with whom"),
        sa.Column("region", sa.Text(), nullable=False, comment="north, central or south: where the parcel goes"),
        sa.Column("delivery_hours", sa.SmallInteger(), nullable=False, comment="hours from handover within which a parcel is promised"),
        sa.Column(
            "penalty_rate",
            sa.Numeric(precision=5, scale=4),
            nullable=False,
            comment="share of the shipping cost that the carrier gives back for a late parcel, 0 to 1",
        ),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, comment="when the row last changed"),
        sa.CheckConstraint("region in ('north', 'central', 'south')", name="service_level_agreements_region_is_known"),
        sa.CheckConstraint("delivery_hours > 0", name="service_level_agreements_delivery_hours_is_positive"),
        sa.CheckConstraint("penalty_rate between 0 and 1", name="service_level_agreements_penalty_rate_is_a_share"),
        sa.ForeignKeyConstraint(["carrier_code"], ["carriers.carrier_code"], name="service_level_agreements_carrier_code_fkey"),
        sa.PrimaryKeyConstraint("carrier_code", "region", name="service_level_agreements_pkey"),
        comment="One row per carrier and region: what is agreed about its parcels there.",
    )
    op.create_table(
        "customer_activity_log",
        sa.Column(
            "session_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="names the visit; its cart and its order, if any, have the same number",
        ),
        sa.Column(
            "sequence",
            sa.SmallInteger(),
            autoincrement=False,
            nullable=False,
            comment="number of the step for its visit, from 1 without a gap",
        ),
        sa.Column("customer_id", sa.BigInteger(), nullable=True, comment="who visits, null when the visitor is not known"),
        sa.Column("kind", sa.Text(), nullable=False, comment="visit (the first page), search, view, add_to_cart, wish or purchase"),
        sa.Column(
            "product_id",
            sa.BigInteger(),
            nullable=True,
            comment="product that was viewed, put into the cart or wished for, null for other kinds",
        ),
        sa.Column("search_text", sa.Text(), nullable=True, comment="what was searched for, null for other kinds"),
        sa.Column("device_id", sa.BigInteger(), nullable=False, comment="device that was used"),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False, comment="when the step was made"),
        sa.CheckConstraint("(kind = 'search') = (search_text is not null)", name="customer_activity_log_search_text_fits_the_kind"),
        sa.CheckConstraint(
            "(kind in ('view', 'add_to_cart', 'wish')) = (product_id is not null)", name="customer_activity_log_product_id_fits_the_kind"
        ),
        sa.CheckConstraint(
            "kind in ('visit', 'search', 'view', 'add_to_cart', 'wish', 'purchase')", name="customer_activity_log_kind_is_known"
        ),
        sa.CheckConstraint("sequence >= 1", name="customer_activity_log_sequence_counts_from_one"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name="customer_activity_log_customer_id_fkey"),
        sa.ForeignKeyConstraint(["product_id"], ["products.product_id"], name="customer_activity_log_product_id_fkey"),
        sa.PrimaryKeyConstraint("session_id", "sequence", name="customer_activity_log_pkey"),
        comment="One row per step of a visit to the shop's own website.",
    )
    op.create_index(
        "customer_activity_log_customer_id_idx",
        "customer_activity_log",
        ["customer_id"],
        unique=False,
        postgresql_where=sa.text("customer_id is not null"),
    )
    op.create_table(
        "customer_addresses",
        sa.Column("address_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="names the address"),
        sa.Column("customer_id", sa.BigInteger(), nullable=False, comment="whose address"),
        sa.Column("recipient", sa.Text(), nullable=False, comment="name on the parcel"),
        sa.Column("street", sa.Text(), nullable=False, comment="house number and street"),
        sa.Column("district", sa.Text(), nullable=False, comment="commune, or city outside Vietnam"),
        sa.Column("province", sa.Text(), nullable=False, comment="province that parcels for it go to"),
        sa.Column("is_default", sa.Boolean(), nullable=False, comment="whether it stands as the customer's address now; one each does"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, comment="when it was added"),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, comment="when the row last changed"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name="customer_addresses_customer_id_fkey"),
        sa.PrimaryKeyConstraint("address_id", name="customer_addresses_pkey"),
        comment="One row per address that a customer has or had.",
    )
    op.create_index("customer_addresses_customer_id_idx", "customer_addresses", ["customer_id"], unique=False)
    op.create_index(
        "customer_addresses_one_default_each", "customer_addresses", ["customer_id"], unique=True, postgresql_where=sa.text("is_default")
    )
    op.create_table(
        "inventory",
        sa.Column("product_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="what lies there"),
        sa.Column("warehouse_code", sa.Text(), nullable=False, comment="where it lies"),
        sa.Column("on_hand", sa.Integer(), nullable=False, comment="pieces in the warehouse, reserved ones included"),
        sa.Column("reserved", sa.Integer(), nullable=False, comment="pieces of these that are sold and have not left"),
        sa.Column("on_order", sa.Integer(), nullable=False, comment="pieces that the supplier will bring"),
        sa.Column(
            "expected_at", sa.DateTime(timezone=True), nullable=True, comment="when the supplier brings them, null when nothing is on order"
        ),
        sa.Column(
            "safety_stock", sa.Integer(), nullable=False, comment="available pieces (on_hand less reserved) below which there is an alert"
        ),
        sa.Column("reorder_point", sa.Integer(), nullable=False, comment="available pieces at which more are ordered"),
        sa.Column(
            "below_safety_since",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="since when fewer than safety_stock are available, null while there are enough",
        ),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, comment="when the row last changed"),
        sa.CheckConstraint(
            "(on_hand - reserved < safety_stock) = (below_safety_since is not null)", name="inventory_safety_alert_is_on_while_below"
        ),
        sa.CheckConstraint("(on_order = 0) = (expected_at is null)", name="inventory_expected_at_is_set_while_on_order"),
        sa.CheckConstraint("on_hand >= 0", name="inventory_on_hand_is_not_negative"),
        sa.CheckConstraint("on_order >= 0", name="inventory_on_order_is_not_negative"),
        sa.CheckConstraint("reorder_point >= safety_stock", name="inventory_reorder_point_is_above_the_safety_stock"),
        sa.CheckConstraint("reserved between 0 and on_hand", name="inventory_reserved_is_in_stock"),
        sa.CheckConstraint("safety_stock >= 0", name="inventory_safety_stock_is_not_negative"),
        sa.ForeignKeyConstraint(["product_id"], ["products.product_id"], name="inventory_product_id_fkey"),
        sa.ForeignKeyConstraint(["warehouse_code"], ["warehouses.warehouse_code"], name="inventory_warehouse_code_fkey"),
        sa.PrimaryKeyConstraint("product_id", "warehouse_code", name="inventory_pkey"),
        postgresql_with={"fillfactor": 40},
        comment="One row per product and warehouse: what lies there now, how much of it is sold, and what is to come.",
    )
    op.create_table(
        "product_prices",
        sa.Column("product_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="whose price"),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False, comment="since when it is valid, until the product's next row"),
        sa.Column(
            "list_price",
            sa.Numeric(precision=14, scale=2),
            nullable=False,
            comment="price of a piece, before discounts, in the shop's currency",
        ),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, comment="when the row last changed"),
        sa.CheckConstraint("list_price >= 0", name="product_prices_list_price_is_not_negative"),
        sa.ForeignKeyConstraint(["product_id"], ["products.product_id"], name="product_prices_product_id_fkey"),
        sa.PrimaryKeyConstraint("product_id", "valid_from", name="product_prices_pkey"),
        comment="One row per product and instant from which a list price is valid.",
    )
    op.create_table(
        "wishlists",
        sa.Column("wish_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="names the wish"),
        sa.Column("customer_id", sa.BigInteger(), nullable=False, comment="who wishes"),
        sa.Column("product_id", sa.BigInteger(), nullable=False, comment="what for"),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False, comment="when it was put on the list"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name="wishlists_customer_id_fkey"),
        sa.ForeignKeyConstraint(["product_id"], ["products.product_id"], name="wishlists_product_id_fkey"),
        sa.PrimaryKeyConstraint("wish_id", name="wishlists_pkey"),
        comment="One row per product on a customer's wishlist; deleted when it is taken off.",
    )
    op.create_index("wishlists_customer_id_idx", "wishlists", ["customer_id"], unique=False)
    op.create_table(
        "orders",
        sa.Column(
            "order_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="names the order: grows with the minute in which its customer came, with gaps",
        ),
        sa.Column("customer_id", sa.BigInteger(), nullable=False, comment="who ordered"),
        sa.Column("address_id", sa.BigInteger(), nullable=False, comment="where it goes"),
        sa.Column("channel_code", sa.Text(), nullable=False, comment="where it was placed"),
        sa.Column(
            "status",
            sa.Text(),
            nullable=False,
            comment="pending, paid (or cash on delivery agreed), packed, shipped, delivered, cancelled, or returned when all of it came back",
        ),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False, comment="when it was placed"),
        sa.Column("currency", sa.CHAR(length=3), nullable=False, comment="of all its amounts, as an ISO 4217 code"),
        sa.Column(
            "items_amount",
            sa.Numeric(precision=14, scale=2),
            nullable=False,
            comment="list price times quantity of all lines, before discounts",
        ),
        sa.Column(
            "discount_amount", sa.Numeric(precision=14, scale=2), nullable=False, comment="what its promotions took off the list prices"
        ),
        sa.Column("shipping_amount", sa.Numeric(precision=14, scale=2), nullable=False, comment="what the customer pays for shipping"),
        sa.Column(
            "tax_amount", sa.Numeric(precision=14, scale=2), nullable=False, comment="tax on items less discounts, not contained in them"
        ),
        sa.Column(
            "total_amount",
            sa.Numeric(precision=14, scale=2),
            nullable=False,
            comment="what the customer pays: items less discounts, plus shipping and tax",
        ),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, comment="when the row last changed"),
        sa.Column("device_id", sa.BigInteger(), nullable=False, comment="device that it was placed from"),
        sa.Column(
            "placed_from",
            sa.Text(),
            nullable=False,
            comment="province of the network address that it was placed from, which need not be the one that it goes to",
        ),
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
        comment="One row per order as it stands now; how it got there is in order_status_history.",
    )
    op.create_index("orders_address_id_idx", "orders", ["address_id"], unique=False)
    op.create_index("orders_customer_id_idx", "orders", ["customer_id"], unique=False)
    op.create_index("orders_ordered_at_idx", "orders", ["ordered_at"], unique=False)
    op.create_table(
        "carts",
        sa.Column(
            "cart_id",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="names the cart: the number of its visit in customer_activity_log",
        ),
        sa.Column("customer_id", sa.BigInteger(), nullable=True, comment="whose cart, null as long as the visitor is not known"),
        sa.Column("status", sa.Text(), nullable=False, comment="active, converted when it became an order, or abandoned"),
        sa.Column("order_id", sa.BigInteger(), nullable=True, comment="order that it became, null unless converted"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, comment="when the first product was put in"),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, comment="when the row last changed"),
        sa.CheckConstraint("(status = 'converted') = (order_id is not null)", name="carts_order_id_is_set_when_converted"),
        sa.CheckConstraint("status <> 'converted' or customer_id is not null", name="carts_converted_have_a_customer"),
        sa.CheckConstraint("status in ('active', 'converted', 'abandoned')", name="carts_status_is_known"),
        sa.CheckConstraint("updated_at >= created_at", name="carts_updated_at_is_not_before_created_at"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name="carts_customer_id_fkey"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="carts_order_id_fkey"),
        sa.PrimaryKeyConstraint("cart_id", name="carts_pkey"),
        sa.UniqueConstraint("order_id", name="carts_order_id_key"),
        postgresql_with={"fillfactor": 80},
        comment="One row per cart on the shop's own website.",
    )
    op.create_index("carts_customer_id_idx", "carts", ["customer_id"], unique=False, postgresql_where=sa.text("customer_id is not null"))
    op.create_table(
        "goodwill_credits",
        sa.Column("credit_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="names the credit"),
        sa.Column("customer_id", sa.BigInteger(), nullable=False, comment="who got it"),
        sa.Column("order_id", sa.BigInteger(), nullable=False, comment="order that gave trouble"),
        sa.Column("reason", sa.Text(), nullable=False, comment="late or lost (the parcel), or complaint (about a product)"),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False, comment="what was credited, in the order's currency"),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False, comment="when it was credited"),
        sa.CheckConstraint("reason in ('late', 'lost', 'complaint')", name="goodwill_credits_reason_is_known"),
        sa.CheckConstraint("amount > 0", name="goodwill_credits_amount_is_positive"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name="goodwill_credits_customer_id_fkey"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="goodwill_credits_order_id_fkey"),
        sa.PrimaryKeyConstraint("credit_id", name="goodwill_credits_pkey"),
        comment="One row per credit that a customer got for trouble with an order.",
    )
    op.create_index("goodwill_credits_customer_id_idx", "goodwill_credits", ["customer_id"], unique=False)
    op.create_table(
        "loyalty_transactions",
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="whose points"),
        sa.Column(
            "sequence",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="number of the movement for its customer, from 1 without a gap",
        ),
        sa.Column(
            "kind",
            sa.Text(),
            nullable=False,
            comment="earn when an order is delivered, reverse when it is returned, redeem when points become a voucher",
        ),
        sa.Column("points", sa.Integer(), nullable=False, comment="points that came (above zero) or went (below zero)"),
        sa.Column("balance_after", sa.Integer(), nullable=False, comment="points left afterwards"),
        sa.Column("order_id", sa.BigInteger(), nullable=True, comment="order that earned them or lost them again, null for redeem"),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False, comment="when the points moved"),
        sa.CheckConstraint("(kind = 'redeem') = (order_id is null)", name="loyalty_transactions_earn_and_reverse_name_their_order"),
        sa.CheckConstraint("kind in ('earn', 'reverse', 'redeem')", name="loyalty_transactions_kind_is_known"),
        sa.CheckConstraint(
            "points <> 0 and (points > 0) = (kind = 'earn')", name="loyalty_transactions_points_have_the_sign_of_their_kind"
        ),
        sa.CheckConstraint("balance_after >= 0", name="loyalty_transactions_balance_after_is_not_negative"),
        sa.CheckConstraint("sequence >= 1", name="loyalty_transactions_sequence_counts_from_one"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name="loyalty_transactions_customer_id_fkey"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="loyalty_transactions_order_id_fkey"),
        sa.PrimaryKeyConstraint("customer_id", "sequence", name="loyalty_transactions_pkey"),
        sa.UniqueConstraint("order_id", "kind", name="loyalty_transactions_one_of_a_kind_per_order"),
        comment="One row per movement of a customer's points; rows are only added.",
    )
    op.create_table(
        "order_items",
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="order that the line is part of"),
        sa.Column(
            "line_number",
            sa.SmallInteger(),
            autoincrement=False,
            nullable=False,
            comment="place in the basket, from 1; missing where a product was out of stock",
        ),
        sa.Column("product_id", sa.BigInteger(), nullable=False, comment="what was bought"),
        sa.Column("quantity", sa.Integer(), nullable=False, comment="pieces bought"),
        sa.Column(
            "list_price",
            sa.Numeric(precision=14, scale=2),
            nullable=False,
            comment="price of a piece when it was ordered, before discounts, in the order's currency",
        ),
        sa.Column(
            "discount_amount",
            sa.Numeric(precision=14, scale=2),
            nullable=False,
            comment="what was taken off the whole line, in the order's currency",
        ),
        sa.Column(
            "line_amount",
            sa.Numeric(precision=14, scale=2),
            nullable=False,
            comment="list price times quantity, less the discount, in the order's currency",
        ),
        sa.Column(
            "unit_cost",
            sa.Numeric(precision=14, scale=2),
            nullable=False,
            comment="what a piece usually cost the shop then; what it did cost is in inventory_log",
        ),
        sa.Column("warehouse_code", sa.Text(), nullable=False, comment="where its pieces are reserved and leave from"),
        sa.CheckConstraint("discount_amount between 0 and list_price * quantity", name="order_items_price_covers_the_discount"),
        sa.CheckConstraint("line_amount = list_price * quantity - discount_amount", name="order_items_line_amount_is_price_less_discount"),
        sa.CheckConstraint("line_number >= 1", name="order_items_line_number_counts_from_one"),
        sa.CheckConstraint("list_price >= 0", name="order_items_list_price_is_not_negative"),
        sa.CheckConstraint("quantity > 0", name="order_items_quantity_is_positive"),
        sa.CheckConstraint("unit_cost >= 0", name="order_items_unit_cost_is_not_negative"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="order_items_order_id_fkey"),
        sa.ForeignKeyConstraint(["product_id"], ["products.product_id"], name="order_items_product_id_fkey"),
        sa.ForeignKeyConstraint(["warehouse_code"], ["warehouses.warehouse_code"], name="order_items_warehouse_code_fkey"),
        sa.PrimaryKeyConstraint("order_id", "line_number", name="order_items_pkey"),
        comment="One row per line of an order: a product and how many pieces of it.",
    )
    op.create_table(
        "campaign_contacts",
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="who was drawn"),
        sa.Column("promotion_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="which voucher"),
        sa.Column(
            "is_held_out", sa.Boolean(), nullable=False, comment="whether the customer got no voucher, to compare with those who did"
        ),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False, comment="when the campaign began"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name="campaign_contacts_customer_id_fkey"),
        sa.ForeignKeyConstraint(["promotion_id"], ["promotions.promotion_id"], name="campaign_contacts_promotion_id_fkey"),
        sa.PrimaryKeyConstraint("customer_id", "promotion_id", name="campaign_contacts_pkey"),
        comment="One row per customer who was drawn for a voucher campaign; a lot decides who gets the voucher and who is held out.",
    )
    op.create_table(
        "order_promotions",
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="which order"),
        sa.Column("promotion_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="which promotion"),
        sa.Column(
            "discount_amount",
            sa.Numeric(precision=14, scale=2),
            nullable=False,
            comment="what the promotion took off the order, in its currency",
        ),
        sa.CheckConstraint("discount_amount > 0", name="order_promotions_discount_amount_is_positive"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="order_promotions_order_id_fkey"),
        sa.ForeignKeyConstraint(["promotion_id"], ["promotions.promotion_id"], name="order_promotions_promotion_id_fkey"),
        sa.PrimaryKeyConstraint("order_id", "promotion_id", name="order_promotions_pkey"),
        comment="One row per promotion that an order took.",
    )
    op.create_table(
        "order_returns",
        sa.Column("return_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="names the return"),
        sa.Column("order_id", sa.BigInteger(), nullable=False, comment="order that goes back, whole or in part; once at most"),
        sa.Column(
            "reason",
            sa.Text(),
            nullable=False,
            comment="not_as_described, damaged, wrong_size, changed_mind or never_arrived, as the customer says",
        ),
        sa.Column("status", sa.Text(), nullable=False, comment="requested, received, refunded or refused"),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False, comment="when the customer asked"),
        sa.Column(
            "received_at", sa.DateTime(timezone=True), nullable=True, comment="when the shop had it back, null before and when refused"
        ),
        sa.Column(
            "refund_amount",
            sa.Numeric(precision=14, scale=2),
            nullable=True,
            comment="what was paid back, in the order's currency, null unless refunded",
        ),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, comment="when the row last changed"),
        sa.CheckConstraint("(status = 'refunded') = (refund_amount is not null)", name="order_returns_refund_amount_is_set_once_refunded"),
        sa.CheckConstraint(
            "(status in ('received', 'refunded')) = (received_at is not null)", name="order_returns_received_at_is_set_once_received"
        ),
        sa.CheckConstraint(
            "reason in ('not_as_described', 'damaged', 'wrong_size', 'changed_mind', 'never_arrived')", name="order_returns_reason_is_known"
        ),
        sa.CheckConstraint("status in ('requested', 'received', 'refunded', 'refused')", name="order_returns_status_is_known"),
        sa.CheckConstraint("received_at >= requested_at", name="order_returns_received_at_is_not_before_requested_at"),
        sa.CheckConstraint("refund_amount >= 0", name="order_returns_refund_amount_is_not_negative"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="order_returns_order_id_fkey"),
        sa.PrimaryKeyConstraint("return_id", name="order_returns_pkey"),
        sa.UniqueConstraint("order_id", name="order_returns_order_id_key"),
        comment="One row per return that a customer asked for.",
    )
    op.create_table(
        "order_status_history",
        sa.Column("order_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="whose status"),
        sa.Column(
            "sequence",
            sa.SmallInteger(),
            autoincrement=False,
            nullable=False,
            comment="number of the step for its order, from 1 without a gap",
        ),
        sa.Column("status", sa.Text(), nullable=False, comment="what the order became, in the words of orders.status"),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False, comment="when it became that"),
        sa.CheckConstraint(
            "status in ('pending', 'paid', 'packed', 'shipped', 'delivered', 'cancelled', 'returned')",
            name="order_status_history_status_is_known",
        ),
        sa.CheckConstraint("sequence >= 1", name="order_status_history_sequence_counts_from_one"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="order_status_history_order_id_fkey"),
        sa.PrimaryKeyConstraint("order_id", "sequence", name="order_status_history_pkey"),
        comment="One row per status that an order reached; rows are only added.",
    )
    op.create_table(
        "payments",
        sa.Column("payment_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="names the attempt or refund"),
        sa.Column("order_id", sa.BigInteger(), nullable=False, comment="order that is paid for or paid back"),
        sa.Column(
            "attempt", sa.SmallInteger(), nullable=False, comment="number of the row for its order, refunds included, from 1 without a gap"
        ),
        sa.Column("method", sa.Text(), nullable=False, comment="cod (cash on delivery), card, e_wallet or bank_transfer"),
        sa.Column("status", sa.Text(), nullable=False, comment="succeeded, failed, or refunded for money paid back"),
        sa.Column(
            "amount",
            sa.Numeric(precision=14, scale=2),
            nullable=False,
            comment="money paid, paid back, or tried to pay, never below zero, in the order's currency",
        ),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=False, comment="when it was paid, paid back, or tried"),
        sa.Column("card_token", sa.Text(), nullable=True, comment="stands for the card, the same for the same card; null unless by card"),
        sa.Column("failure_reason", sa.Text(), nullable=True, comment="why the attempt failed, null unless it did"),
        sa.CheckConstraint("(status = 'failed') = (failure_reason is not null)", name="payments_failure_reason_is_set_when_failed"),
        sa.CheckConstraint("card_token is null or method = 'card'", name="payments_card_token_is_of_a_card"),
        sa.CheckConstraint("method in ('cod', 'card', 'e_wallet', 'bank_transfer')", name="payments_method_is_known"),
        sa.CheckConstraint("status in ('succeeded', 'failed', 'refunded')", name="payments_status_is_known"),
        sa.CheckConstraint("amount >= 0", name="payments_amount_is_not_negative"),
        sa.CheckConstraint("attempt >= 1", name="payments_attempt_counts_from_one"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="payments_order_id_fkey"),
        sa.PrimaryKeyConstraint("payment_id", name="payments_pkey"),
        sa.UniqueConstraint("order_id", "attempt", name="payments_one_row_per_attempt"),
        comment="One row per attempt to pay for an order and per refund; rows are only added.",
    )
    op.create_table(
        "shipments",
        sa.Column("shipment_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="names the parcel"),
        sa.Column("order_id", sa.BigInteger(), nullable=False, comment="order that is in it"),
        sa.Column("warehouse_code", sa.Text(), nullable=False, comment="where it left"),
        sa.Column("carrier_code", sa.Text(), nullable=False, comment="who carries it"),
        sa.Column("distributor_id", sa.Integer(), nullable=False, comment="who brings it to the door"),
        sa.Column("status", sa.Text(), nullable=False, comment="in_transit, delivered or lost"),
        sa.Column(
            "shipping_cost",
            sa.Numeric(precision=14, scale=2),
            nullable=False,
            comment="what the carrier takes for it, in the shop's currency",
        ),
        sa.Column("shipped_at", sa.DateTime(timezone=True), nullable=False, comment="when it was handed over"),
        sa.Column("promised_at", sa.DateTime(timezone=True), nullable=False, comment="when it is to arrive at the latest"),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True, comment="when it arrived, null unless it did"),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, comment="when the row last changed"),
        sa.CheckConstraint("(status = 'delivered') = (delivered_at is not null)", name="shipments_delivered_at_is_set_when_delivered"),
        sa.CheckConstraint("status in ('in_transit', 'delivered', 'lost')", name="shipments_status_is_known"),
        sa.CheckConstraint("delivered_at >= shipped_at", name="shipments_delivered_at_is_not_before_shipped_at"),
        sa.CheckConstraint("promised_at > shipped_at", name="shipments_promised_at_is_after_shipped_at"),
        sa.CheckConstraint("shipping_cost >= 0", name="shipments_shipping_cost_is_not_negative"),
        sa.ForeignKeyConstraint(["carrier_code"], ["carriers.carrier_code"], name="shipments_carrier_code_fkey"),
        sa.ForeignKeyConstraint(["distributor_id"], ["distributors.distributor_id"], name="shipments_distributor_id_fkey"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="shipments_order_id_fkey"),
        sa.ForeignKeyConstraint(["warehouse_code"], ["warehouses.warehouse_code"], name="shipments_warehouse_code_fkey"),
        sa.PrimaryKeyConstraint("shipment_id", name="shipments_pkey"),
        sa.UniqueConstraint("order_id", "warehouse_code", name="shipments_one_per_order_and_warehouse"),
        postgresql_with={"fillfactor": 80},
        comment="One row per parcel: what an order gets out of one warehouse.",
    )
    op.create_table(
        "support_tickets",
        sa.Column("ticket_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="names the ticket"),
        sa.Column("customer_id", sa.BigInteger(), nullable=False, comment="who asks"),
        sa.Column("order_id", sa.BigInteger(), nullable=True, comment="order that it is about, null when about none"),
        sa.Column("topic", sa.Text(), nullable=False, comment="where_is_my_order, return, payment or product"),
        sa.Column("status", sa.Text(), nullable=False, comment="open, answered or resolved"),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False, comment="when it was asked"),
        sa.Column("first_response_at", sa.DateTime(timezone=True), nullable=True, comment="when support first answered, null while open"),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True, comment="when it was settled, null before"),
        sa.Column(
            "satisfaction",
            sa.SmallInteger(),
            nullable=True,
            comment="stars that the customer gave support, 1 (worst) to 5, null when not resolved or not said",
        ),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, comment="when the row last changed"),
        sa.CheckConstraint(
            "(status = 'open') = (first_response_at is null)", name="support_tickets_first_response_at_is_set_once_answered"
        ),
        sa.CheckConstraint("(status = 'resolved') = (resolved_at is not null)", name="support_tickets_resolved_at_is_set_once_resolved"),
        sa.CheckConstraint("satisfaction is null or status = 'resolved'", name="support_tickets_satisfaction_is_asked_once_resolved"),
        sa.CheckConstraint("status in ('open', 'answered', 'resolved')", name="support_tickets_status_is_known"),
        sa.CheckConstraint("topic in ('where_is_my_order', 'return', 'payment', 'product')", name="support_tickets_topic_is_known"),
        sa.CheckConstraint("first_response_at >= opened_at", name="support_tickets_first_response_at_is_not_before_opened_at"),
        sa.CheckConstraint("resolved_at >= first_response_at", name="support_tickets_resolved_at_is_not_before_first_response_at"),
        sa.CheckConstraint("satisfaction between 1 and 5", name="support_tickets_satisfaction_is_one_to_five"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name="support_tickets_customer_id_fkey"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="support_tickets_order_id_fkey"),
        sa.PrimaryKeyConstraint("ticket_id", name="support_tickets_pkey"),
        postgresql_with={"fillfactor": 70},
        comment="One row per question to the shop's support.",
    )
    op.create_index("support_tickets_customer_id_idx", "support_tickets", ["customer_id"], unique=False)
    op.create_table(
        "cart_items",
        sa.Column("cart_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="which cart"),
        sa.Column("line_number", sa.SmallInteger(), autoincrement=False, nullable=False, comment="place in the cart, from 1"),
        sa.Column("product_id", sa.BigInteger(), nullable=False, comment="what was put in"),
        sa.Column("quantity", sa.Integer(), nullable=False, comment="pieces put in"),
        sa.Column(
            "list_price",
            sa.Numeric(precision=14, scale=2),
            nullable=False,
            comment="price of a piece on that day, before discounts, in the shop's currency",
        ),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False, comment="when it was put in"),
        sa.CheckConstraint("line_number >= 1", name="cart_items_line_number_counts_from_one"),
        sa.CheckConstraint("list_price >= 0", name="cart_items_list_price_is_not_negative"),
        sa.CheckConstraint("quantity > 0", name="cart_items_quantity_is_positive"),
        sa.ForeignKeyConstraint(["cart_id"], ["carts.cart_id"], name="cart_items_cart_id_fkey"),
        sa.ForeignKeyConstraint(["product_id"], ["products.product_id"], name="cart_items_product_id_fkey"),
        sa.PrimaryKeyConstraint("cart_id", "line_number", name="cart_items_pkey"),
        comment="One row per product in a cart.",
    )
    op.create_table(
        "inventory_log",
        sa.Column("product_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="what moved"),
        sa.Column("warehouse_code", sa.Text(), nullable=False, comment="where it moved"),
        sa.Column(
            "sequence",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="number of the movement for product and warehouse, from 1 without a gap",
        ),
        sa.Column(
            "kind", sa.Text(), nullable=False, comment="receipt from the supplier, issue with a parcel, return of sound pieces, or loss"
        ),
        sa.Column("quantity", sa.Integer(), nullable=False, comment="pieces that came (above zero) or went (below zero)"),
        sa.Column(
            "lot", sa.Integer(), nullable=False, comment="the lot that was touched: the sequence of the receipt or return that opened it"
        ),
        sa.Column(
            "unit_cost", sa.Numeric(precision=14, scale=2), nullable=False, comment="what a piece of the lot cost the shop, in its currency"
        ),
        sa.Column("lot_after", sa.Integer(), nullable=False, comment="pieces left of the lot afterwards"),
        sa.Column("on_hand_after", sa.Integer(), nullable=False, comment="pieces left in the warehouse afterwards"),
        sa.Column(
            "order_id", sa.BigInteger(), nullable=True, comment="order for which pieces left or came back, null for a receipt or loss"
        ),
        sa.Column("line_number", sa.SmallInteger(), nullable=True, comment="line of that order, null for a receipt or loss"),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False, comment="when the pieces moved"),
        sa.CheckConstraint(
            "(kind in ('issue', 'return')) = (order_id is not null) and (order_id is null) = (line_number is null)",
            name="inventory_log_issue_and_return_name_their_line",
        ),
        sa.CheckConstraint("kind in ('receipt', 'issue', 'return', 'loss')", name="inventory_log_kind_is_known"),
        sa.CheckConstraint(
            "case when kind in ('receipt', 'return') then lot = sequence else lot < sequence end",
            name="inventory_log_lot_is_its_own_or_an_earlier_one",
        ),
        sa.CheckConstraint(
            "quantity <> 0 and (quantity > 0) = (kind in ('receipt', 'return'))", name="inventory_log_quantity_has_the_sign_of_its_kind"
        ),
        sa.CheckConstraint("lot_after >= 0", name="inventory_log_lot_after_is_not_negative"),
        sa.CheckConstraint("on_hand_after >= 0", name="inventory_log_on_hand_after_is_not_negative"),
        sa.CheckConstraint("sequence >= 1", name="inventory_log_sequence_counts_from_one"),
        sa.CheckConstraint("unit_cost >= 0", name="inventory_log_unit_cost_is_not_negative"),
        sa.ForeignKeyConstraint(
            ["order_id", "line_number"], ["order_items.order_id", "order_items.line_number"], name="inventory_log_order_id_line_number_fkey"
        ),
        sa.ForeignKeyConstraint(
            ["product_id", "warehouse_code"],
            ["inventory.product_id", "inventory.warehouse_code"],
            name="inventory_log_product_id_warehouse_code_fkey",
        ),
        sa.PrimaryKeyConstraint("product_id", "warehouse_code", "sequence", name="inventory_log_pkey"),
        comment="One row per movement of a product in a warehouse and lot touched, the oldest lot first; rows are only added.",
    )
    op.create_table(
        "return_items",
        sa.Column("return_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="which return"),
        sa.Column("line_number", sa.SmallInteger(), autoincrement=False, nullable=False, comment="which line of the order"),
        sa.Column("order_id", sa.BigInteger(), nullable=False, comment="order of the return"),
        sa.Column("quantity", sa.Integer(), nullable=False, comment="pieces that came back"),
        sa.Column("condition", sa.Text(), nullable=False, comment="resalable when it goes back into stock, else damaged"),
        sa.Column(
            "refund_amount",
            sa.Numeric(precision=14, scale=2),
            nullable=False,
            comment="what is paid back for the line, in the order's currency",
        ),
        sa.CheckConstraint("condition in ('resalable', 'damaged')", name="return_items_condition_is_known"),
        sa.CheckConstraint("quantity > 0", name="return_items_quantity_is_positive"),
        sa.CheckConstraint("refund_amount >= 0", name="return_items_refund_amount_is_not_negative"),
        sa.ForeignKeyConstraint(
            ["order_id", "line_number"], ["order_items.order_id", "order_items.line_number"], name="return_items_order_id_line_number_fkey"
        ),
        sa.ForeignKeyConstraint(["return_id"], ["order_returns.return_id"], name="return_items_return_id_fkey"),
        sa.PrimaryKeyConstraint("return_id", "line_number", name="return_items_pkey"),
        comment="One row per line of an order that a return brought back.",
    )
    op.create_table(
        "reviews",
        sa.Column("review_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="names the review"),
        sa.Column("order_id", sa.BigInteger(), nullable=False, comment="order in which the product was bought"),
        sa.Column("line_number", sa.SmallInteger(), nullable=False, comment="line of that order"),
        sa.Column("customer_id", sa.BigInteger(), nullable=False, comment="who wrote it"),
        sa.Column("product_id", sa.BigInteger(), nullable=False, comment="what it is about"),
        sa.Column("rating", sa.SmallInteger(), nullable=False, comment="stars, 1 (worst) to 5"),
        sa.Column("body", sa.Text(), nullable=True, comment="text, null when stars alone were given"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, comment="when it was written"),
        sa.CheckConstraint("rating between 1 and 5", name="reviews_rating_is_one_to_five"),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.customer_id"], name="reviews_customer_id_fkey"),
        sa.ForeignKeyConstraint(
            ["order_id", "line_number"], ["order_items.order_id", "order_items.line_number"], name="reviews_order_id_line_number_fkey"
        ),
        sa.ForeignKeyConstraint(["product_id"], ["products.product_id"], name="reviews_product_id_fkey"),
        sa.PrimaryKeyConstraint("review_id", name="reviews_pkey"),
        sa.UniqueConstraint("order_id", "line_number", name="reviews_one_per_line"),
        comment="One row per review that a buyer wrote about a line of an order.",
    )
    op.create_index("reviews_customer_id_idx", "reviews", ["customer_id"], unique=False)
    op.create_table(
        "shipment_events",
        sa.Column("shipment_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="which parcel"),
        sa.Column(
            "sequence",
            sa.SmallInteger(),
            autoincrement=False,
            nullable=False,
            comment="number of the report for its parcel, from 1 without a gap",
        ),
        sa.Column(
            "kind", sa.Text(), nullable=False, comment="picked_up, delayed when the promise has passed, out_for_delivery, delivered or lost"
        ),
        sa.Column("place", sa.Text(), nullable=False, comment="province that the report is from"),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False, comment="when it was reported"),
        sa.CheckConstraint(
            "kind in ('picked_up', 'delayed', 'out_for_delivery', 'delivered', 'lost')", name="shipment_events_kind_is_known"
        ),
        sa.CheckConstraint("sequence >= 1", name="shipment_events_sequence_counts_from_one"),
        sa.ForeignKeyConstraint(["shipment_id"], ["shipments.shipment_id"], name="shipment_events_shipment_id_fkey"),
        sa.PrimaryKeyConstraint("shipment_id", "sequence", name="shipment_events_pkey"),
        comment="One row per report of where a parcel is; rows are only added.",
    )
    for area in (
        "customer_history",
        "order_status",
        "status_changes",
        "append_only",
        "inventory_log",
        "loyalty",
        "money",
        "after_the_order",
    ):
        op.execute(sa.text((SQL_FOLDER / f"0002_{area}.sql").read_text().replace(":", r"\:")))
