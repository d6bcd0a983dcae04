with issued as (
    select order_id, line_number, -sum(quantity * unit_cost) as cost, -sum(quantity) filter (where kind = 'issue') as pieces
    from inventory_log where kind in ('issue', 'return') group by order_id, line_number
),
weighed as (
    select order_id, line_number, line_amount,
           case when exists (select from return_items any_item where any_item.order_id = order_items.order_id)
                then coalesce((select refund_amount from return_items item
                               where item.order_id = order_items.order_id and item.line_number = order_items.line_number), 0)
                else line_amount end as weight
    from order_items
),
running as (
    select here.order_id, here.line_number, sum(other.weight) as whole,
           sum(other.weight) filter (where other.line_number <= here.line_number) as up_to_here,
           coalesce(sum(other.weight) filter (where other.line_number < here.line_number), 0) as before
    from weighed here join weighed other using (order_id)
    group by here.order_id, here.line_number
),
lines as (
    select order_month, category_id, order_id, sold.status, is_paid, quantity, quantity * order_items.list_price as list_amount,
           order_items.discount_amount, case when is_paid then line_amount else 0 end as revenue,
           case when whole = 0 then 0
                else (div(refunded_amount * 100 * up_to_here, whole) - div(refunded_amount * 100 * before, whole)) / 100 end as refunded_amount,
           case when is_paid or sold.status = 'cancelled' then coalesce(cost, 0) else 0 end
           + case when is_paid then (quantity - coalesce(pieces, 0)) * order_items.unit_cost else 0 end as cost
    from order_items
    join sold using (order_id)
    join products using (product_id)
    join running using (order_id, line_number)
    left join issued using (order_id, line_number)
)
select order_month, lines.category_id, own.name as category_name, above.name as parent_category_name,
       sum(list_amount) as gross_merchandise_value, sum(discount_amount) as discount_amount, sum(revenue) as revenue,
       sum(refunded_amount) as refunded_amount, sum(revenue - refunded_amount) as net_revenue, count(distinct order_id) as order_count,
       count(distinct order_id) filter (where is_paid) as paid_order_count, sum(quantity) as unit_count,
       coalesce(sum(quantity) filter (where is_paid), 0) as paid_unit_count, sum(cost) as cost_of_goods_sold,
       sum(revenue - refunded_amount - cost) as gross_margin,
       round(sum(revenue - refunded_amount - cost) / nullif(sum(revenue - refunded_amount), 0), 4) as gross_margin_share
from lines
join categories own on own.category_id = lines.category_id
left join categories above on above.category_id = own.parent_category_id
group by order_month, lines.category_id, own.name, above.name
