"""What is true of stock: every piece is where its log says, first in is first out, and costs what it cost."""

from gen_data.invariants.invariant import Invariant

STOCK = (
    Invariant(
        "stock_is_the_sum_of_its_log",
        "What a warehouse holds of a product is the sum of all that came and went.",
        """
        select product_id, warehouse_code
        from inventory
        full join (
            select product_id, warehouse_code, sum(quantity) as held from inventory_log group by product_id, warehouse_code
        ) log using (product_id, warehouse_code)
        where on_hand is distinct from coalesce(held, 0)
        """,
    ),
    Invariant(
        "inventory_log_goes_on_from_row_to_row",
        "The log of a product in a warehouse has no gap, goes forward in time, and each row starts from what the one before left.",
        """
        select product_id, warehouse_code, sequence
        from (
            select product_id, warehouse_code, sequence, quantity, on_hand_after, happened_at, row_number() over cell as number,
                   lag(on_hand_after, 1, 0) over cell as on_hand_before, lag(happened_at) over cell as previous_happened_at
            from inventory_log
            window cell as (partition by product_id, warehouse_code order by sequence)
        ) move
        where sequence <> number or on_hand_after <> on_hand_before + quantity or happened_at < previous_happened_at
        """,
    ),
    Invariant(
        "lot_holds_what_its_log_says",
        "A lot begins with the pieces that came, loses those that go, and never has fewer than none.",
        """
        select product_id, warehouse_code, lot
        from inventory_log
        group by product_id, warehouse_code, lot
        having sum(quantity) <> min(lot_after) or min(lot_after) < 0
            or count(*) filter (where quantity > 0) <> 1 or min(sequence) <> lot
            or max(lot_after) <> max(quantity)
        """,
    ),
    Invariant(
        "oldest_lot_goes_first",
        "No piece is taken from a lot while an older lot of the product in that warehouse still has pieces; what is left of a lot goes down by what goes.",
        """
        with taken as (
            select product_id, warehouse_code, sequence, quantity, lot, lot_after,
                   lag(lot) over cell as previous_lot, lag(lot_after) over cell as previous_left
            from inventory_log
            where quantity < 0
            window cell as (partition by product_id, warehouse_code order by sequence)
        ),
        opened as (
            select product_id, warehouse_code, sequence as lot, quantity as pieces, lag(sequence) over cell as older_lot
            from inventory_log
            where quantity > 0
            window cell as (partition by product_id, warehouse_code order by sequence)
        )
        select product_id, warehouse_code, sequence
        from taken
        where lot = previous_lot and lot_after <> previous_left + quantity
        union all
        select product_id, warehouse_code, sequence
        from (select * from taken where lot is distinct from previous_lot) changing
        left join opened using (product_id, warehouse_code, lot)
        where previous_lot is distinct from older_lot or previous_left <> 0 or lot_after is distinct from pieces + quantity
        """,
    ),
    Invariant(
        "piece_costs_what_its_lot_cost",
        "A piece that goes costs what its lot cost when it came: the cost of goods is first in, first out.",
        """
        select taken.product_id, taken.warehouse_code, taken.sequence
        from inventory_log taken
        left join inventory_log opened
            on opened.product_id = taken.product_id and opened.warehouse_code = taken.warehouse_code and opened.sequence = taken.lot
        where taken.quantity < 0 and taken.unit_cost is distinct from opened.unit_cost
        """,
    ),
    Invariant(
        "shipped_line_was_issued",
        "The pieces of a line leave its warehouse when its parcel does, all of them, and no others ever leave for it.",
        """
        select order_id, line_number
        from (
            select order_id, line_number, product_id, warehouse_code, quantity, shipped_at
            from order_items join shipments using (order_id, warehouse_code)
        ) shipped
        full join (
            select order_id, line_number, -sum(quantity) as issued, min(product_id) as issued_product_id, max(product_id) as last_product_id,
                   min(warehouse_code) as issued_from, max(warehouse_code) as last_from, min(happened_at) as issued_at
            from inventory_log where kind = 'issue'
            group by order_id, line_number
        ) left_stock using (order_id, line_number)
        where quantity is distinct from issued or shipped_at is distinct from issued_at
           or product_id is distinct from issued_product_id or product_id is distinct from last_product_id
           or warehouse_code is distinct from issued_from or warehouse_code is distinct from last_from
        """,
    ),
    Invariant(
        "reserved_is_what_open_lines_hold",
        "What is reserved in a warehouse are the pieces of orders that have not left it: neither more nor less is sold than there is.",
        """
        select product_id, warehouse_code
        from inventory
        full join (
            select product_id, warehouse_code, sum(quantity) as sold
            from orders join order_items using (order_id)
            where status in ('pending', 'paid', 'packed')
            group by product_id, warehouse_code
        ) waiting using (product_id, warehouse_code)
        where reserved is distinct from coalesce(sold, 0)
        """,
    ),
    Invariant(
        "piece_comes_back_at_the_cost_it_left_with",
        "A piece that comes back costs what a piece of its line cost when it left.",
        """
        select product_id, warehouse_code, sequence
        from inventory_log back
        where kind = 'return'
          and not exists (
              select from inventory_log issued
              where issued.kind = 'issue' and issued.order_id = back.order_id and issued.line_number = back.line_number
                and issued.product_id = back.product_id and issued.warehouse_code = back.warehouse_code
                and issued.unit_cost = back.unit_cost and issued.happened_at <= back.happened_at
          )
        """,
    ),
    Invariant(
        "sound_pieces_of_a_return_are_back_in_stock",
        "The sound pieces of a return that was received are back in stock, and no others.",
        """
        select order_id, line_number
        from (
            select item.order_id, item.line_number, item.quantity
            from return_items item join order_returns using (return_id)
            where condition = 'resalable' and status in ('received', 'refunded')
        ) received
        full join (
            select order_id, line_number, sum(quantity) as back from inventory_log where kind = 'return' group by order_id, line_number
        ) restocked using (order_id, line_number)
        where quantity is distinct from back
        """,
    ),
)
