"""What is true of the website's visits and carts."""

from gen_data.invariants.invariant import Invariant

VISITS = (
    Invariant(
        "converted_cart_became_an_order",
        "A converted cart became an order of its customer on the website, at the instant at which it was converted.",
        """
        select cart_id
        from carts left join orders using (order_id)
        where carts.status = 'converted'
          and (orders.customer_id is distinct from carts.customer_id or channel_code <> 'website' or ordered_at <> carts.updated_at)
        """,
    ),
    Invariant(
        "website_order_was_a_cart",
        "Every order of the website was a cart.",
        """
        select order_id
        from orders
        where channel_code = 'website'
          and not exists (select from carts where carts.order_id = orders.order_id)
        """,
    ),
    Invariant(
        "line_of_a_website_order_was_in_the_cart",
        "What was bought on the website was in the cart: the same product, the same number of pieces.",
        """
        select line.order_id, line.line_number
        from carts
        join order_items line using (order_id)
        left join cart_items wanted on wanted.cart_id = carts.cart_id and wanted.line_number = line.line_number
        where wanted.product_id is distinct from line.product_id or wanted.quantity <> line.quantity
        """,
    ),
    Invariant(
        "purchase_is_logged_with_its_order",
        "The log of a visit has one purchase exactly when its cart became an order, at that instant, by that customer.",
        """
        select session_id
        from (
            select session_id, customer_id, happened_at from customer_activity_log where kind = 'purchase'
        ) purchase
        full join (
            select order_id as session_id, customer_id, ordered_at
            from carts join orders using (order_id, customer_id)
        ) bought using (session_id)
        where happened_at is distinct from ordered_at or purchase.customer_id is distinct from bought.customer_id
        """,
    ),
    Invariant(
        "visit_is_logged_in_order",
        "The steps of a visit are numbered from 1 without a gap, forward in time.",
        """
        select session_id, sequence
        from (
            select session_id, sequence, happened_at, row_number() over visit as number, lag(happened_at) over visit as previous_happened_at
            from customer_activity_log
            window visit as (partition by session_id order by sequence)
        ) step
        where sequence <> number or happened_at < previous_happened_at
        """,
    ),
    Invariant(
        "cart_has_something_in_it",
        "No cart is empty, and nothing is put into one before there is one or after it is a cart no more.",
        """
        select cart_id
        from carts
        left join (select cart_id, min(added_at) as first_at, max(added_at) as last_at from cart_items group by cart_id) filled using (cart_id)
        where first_at is null or first_at < created_at or (status <> 'active' and last_at > updated_at)
        """,
    ),
)
