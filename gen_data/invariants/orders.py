"""What is true of orders: their money, their prices, their way."""

from gen_data.invariants.invariant import Invariant

ORDERS = (
    Invariant(
        "order_amounts_are_those_of_its_lines",
        "The amounts of an order are the sums of its lines, and its total is lines - discounts + shipping + tax.",
        """
        select order_id
        from orders
        left join (
            select order_id, sum(line_amount) as amount, sum(discount_amount) as discount from order_items group by order_id
        ) lines using (order_id)
        where items_amount is distinct from amount + discount
           or discount_amount is distinct from discount
           or total_amount is distinct from amount + shipping_amount + tax_amount
        """,
    ),
    Invariant(
        "order_discount_is_that_of_its_promotions",
        "What an order's lines are discounted by is what its promotions gave.",
        """
        select order_id
        from (select order_id, discount_amount from orders where discount_amount <> 0) discounted
        full join (select order_id, sum(discount_amount) as given from order_promotions group by order_id) promoted using (order_id)
        where discount_amount is distinct from given
        """,
    ),
    Invariant(
        "order_promotion_was_running",
        "An order takes a promotion only while it runs.",
        """
        select order_id, promotion_id
        from order_promotions join orders using (order_id) join promotions using (promotion_id)
        where ordered_at < starts_at or ordered_at >= ends_at
        """,
    ),
    Invariant(
        "voucher_is_taken_by_who_got_it",
        "An order takes a voucher only if its customer got it, or it is a fraud.",
        """
        select order_id
        from order_promotions
        join promotions using (promotion_id)
        join orders using (order_id)
        left join campaign_contacts using (customer_id, promotion_id)
        where kind = 'voucher' and is_held_out is distinct from false
          and not exists (select from ground_truth.fraud_orders where fraud_orders.order_id = orders.order_id)
        """,
    ),
    Invariant(
        "line_bears_the_list_price_of_its_moment",
        "A line's list price is the one that its product had when the order was placed.",
        """
        with prices as (
            select product_id, list_price, valid_from,
                   lead(valid_from, 1, 'infinity') over (partition by product_id order by valid_from) as valid_until
            from product_prices
        )
        select order_id, line_number
        from order_items join orders using (order_id)
        left join prices
            on prices.product_id = order_items.product_id and ordered_at >= valid_from and ordered_at < valid_until
        where order_items.list_price is distinct from prices.list_price
        """,
    ),
    Invariant(
        "product_bears_its_last_price",
        "A product's list price is the last of its prices.",
        """
        select product_id
        from products
        left join (
            select distinct on (product_id) product_id, list_price from product_prices order by product_id, valid_from desc
        ) last using (product_id)
        where products.list_price is distinct from last.list_price
        """,
    ),
    Invariant(
        "order_goes_to_an_address_of_its_customer",
        "An order goes to an address of the customer who placed it.",
        """
        select order_id
        from orders join customer_addresses using (address_id)
        where orders.customer_id <> customer_addresses.customer_id
        """,
    ),
    Invariant(
        "order_comes_after_its_customer",
        "Nobody orders before they have registered.",
        "select order_id from orders join customers using (customer_id) where ordered_at < registered_at",
    ),
    Invariant(
        "order_is_in_the_shop_s_currency",
        "Every order is in the currency that the shop was opened with.",
        "select order_id from orders where currency <> (select currency from shop_control.shop)",
    ),
    Invariant(
        "order_status_history_is_a_legal_path",
        "An order's history goes from pending, step by step and without a gap, along legal changes and forward in time.",
        """
        select order_id, sequence
        from (
            select order_id, sequence, status, changed_at, row_number() over path as number,
                   lag(status) over path as previous_status, lag(changed_at) over path as previous_changed_at
            from order_status_history
            window path as (partition by order_id order by sequence)
        ) step
        where sequence <> number
           or changed_at < previous_changed_at
           or case when previous_status is null then status <> 'pending' else not is_legal_order_status_change(previous_status, status) end
        """,
    ),
    Invariant(
        "order_is_where_its_history_ends",
        "An order's status, and when it was last updated, are those of the last row of its history.",
        """
        select order_id
        from orders
        left join (
            select order_id, status, changed_at
            from (
                select order_id, status, changed_at, lead(order_id) over (order by order_id, sequence) as next_order_id
                from order_status_history
            ) step
            where order_id is distinct from next_order_id
        ) last using (order_id)
        where orders.status is distinct from last.status or orders.updated_at is distinct from last.changed_at
        """,
    ),
    Invariant(
        "order_begins_when_it_was_placed",
        "The history of an order begins when the order was placed.",
        """
        select orders.order_id
        from orders left join order_status_history first on first.order_id = orders.order_id and first.sequence = 1
        where first.changed_at is distinct from ordered_at
        """,
    ),
)
