with moved as (
    select supplier_id, count(*) filter (where kind = 'receipt') as receipt_count,
           sum(inventory_log.quantity) filter (where kind = 'receipt') as received_unit_count,
           -sum(inventory_log.quantity) filter (where kind = 'issue') as sold_unit_count,
           count(*) filter (where quantity < 0 and on_hand_after = 0) as stock_out_count
    from inventory_log join products using (product_id)
    group by supplier_id
),
delivered as (
    select supplier_id, sum(order_items.quantity) as delivered_unit_count, coalesce(sum(item.quantity), 0) as returned_unit_count,
           coalesce(sum(item.refund_amount) filter (where order_returns.status = 'refunded'), 0) as refund_amount
    from order_items
    join shipments using (order_id, warehouse_code)
    join products using (product_id)
    left join return_items item on item.order_id = order_items.order_id and item.line_number = order_items.line_number
    left join order_returns using (return_id)
    where delivered_at is not null
    group by supplier_id
)
select supplier_id, name as supplier_name, lead_time_days, (select count(*) from products where products.supplier_id = suppliers.supplier_id) as product_count,
       receipt_count, received_unit_count, sold_unit_count, stock_out_count, delivered_unit_count, returned_unit_count,
       round(returned_unit_count::numeric / delivered_unit_count, 4) as return_rate, refund_amount
from suppliers
join moved using (supplier_id)
join delivered using (supplier_id)
