with returned as (
    select item.order_id, item.line_number, reason, quantity, case when status = 'refunded' then item.refund_amount else 0 end as refund
    from return_items item join order_returns using (return_id)
),
delivered as (
    select date_trunc('month', delivered_at)::date as delivered_month, category_id, order_items.quantity,
           coalesce(returned.quantity, 0) as came_back, coalesce(refund, 0) as refund, reason
    from order_items
    join shipments using (order_id, warehouse_code)
    join products using (product_id)
    left join returned on returned.order_id = order_items.order_id and returned.line_number = order_items.line_number
    where shipments.status = 'delivered'
),
reasons as (
    select distinct on (delivered_month, category_id) delivered_month, category_id, reason as main_reason
    from (
        select delivered_month, category_id, reason, sum(came_back) as pieces
        from delivered where reason is not null group by delivered_month, category_id, reason
    ) counted
    order by delivered_month, category_id, pieces desc, reason collate "C"
)
select delivered_month, category_id, sum(quantity) as delivered_unit_count, sum(came_back) as returned_unit_count,
       round(sum(came_back)::numeric / sum(quantity), 4) as return_rate, sum(refund) as refund_amount, max(main_reason) as main_reason
from delivered
left join reasons using (delivered_month, category_id)
group by delivered_month, category_id
