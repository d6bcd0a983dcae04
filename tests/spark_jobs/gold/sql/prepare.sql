create temporary view sold as
with paid as (
    select order_id, method from payments where status = 'succeeded'
),
refunded as (
    select order_id, sum(amount) as refund from payments where status = 'refunded' group by order_id
),
issued as (
    select order_id, sum(case kind when 'issue' then abs(quantity) else -quantity end * unit_cost) as cost
    from inventory_log where order_id is not null group by order_id
),
pieces as (
    select order_id, sum(quantity) as unit_count,
           sum(unit_cost * (quantity - coalesce((select sum(abs(log.quantity)) from inventory_log log
                                                 where log.order_id = order_items.order_id and log.line_number = order_items.line_number
                                                   and log.kind = 'issue'), 0))) as cost_to_come
    from order_items group by order_id
),
valued as (
    select orders.*, method, unit_count, coalesce(refund, 0) as refund, coalesce(cost, 0) as issued_cost, cost_to_come,
           method is not null and status <> 'cancelled' as is_paid,
           case when method is not null and status <> 'cancelled' then items_amount - discount_amount else 0 end as revenue
    from orders
    join pieces using (order_id)
    left join paid using (order_id)
    left join refunded using (order_id)
    left join issued using (order_id)
)
select order_id, customer_id, ordered_at, ordered_at::date as order_date, date_trunc('month', ordered_at)::date as order_month, channel_code, address_id, status,
       coalesce(method, 'not_paid') as payment_method, items_amount, discount_amount, shipping_amount, total_amount, unit_count, is_paid,
       revenue,
       case when revenue = 0 then 0
            else least(round(refund - refund * tax_amount / (items_amount - discount_amount + tax_amount), 2), revenue) end as refunded_amount,
       case when is_paid then issued_cost + cost_to_come when status = 'cancelled' then issued_cost else 0 end as cost_of_goods_sold
from valued
