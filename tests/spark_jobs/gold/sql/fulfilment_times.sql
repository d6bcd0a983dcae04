with steps as (
    select order_id, status, extract(epoch from date_trunc('second', changed_at)) as second from order_status_history
),
times as (
    select orders.order_id, orders.ordered_at::date as order_date, lead_time_hours * 3600 as lead_seconds,
           extract(epoch from date_trunc('second', orders.ordered_at)) as ordered,
           paid.second as paid, packed.second as packed, shipped.second as shipped, delivered.second as delivered
    from orders
    join channels using (channel_code)
    left join steps paid on paid.order_id = orders.order_id and paid.status = 'paid'
    left join steps packed on packed.order_id = orders.order_id and packed.status = 'packed'
    left join steps shipped on shipped.order_id = orders.order_id and shipped.status = 'shipped'
    left join steps delivered on delivered.order_id = orders.order_id and delivered.status = 'delivered'
)
select order_date, warehouse_code, count(*) as order_count, count(packed) as packed_order_count, count(shipped) as shipped_order_count,
       count(delivered) as delivered_order_count, count(*) filter (where shipped - ordered <= lead_seconds) as handed_over_in_time_count,
       round(avg(packed - paid) / 3600, 2) as paid_to_packed_hours, round(avg(shipped - packed) / 3600, 2) as packed_to_shipped_hours,
       round(avg(delivered - shipped) / 3600, 2) as shipped_to_delivered_hours,
       round(avg(delivered - paid) / 3600, 2) as paid_to_delivered_hours,
       round((percentile_cont(0.9) within group (order by delivered - paid))::numeric / 3600, 2) as p90_paid_to_delivered_hours
from (select distinct order_id, warehouse_code from order_items) left_from
join times using (order_id)
group by order_date, warehouse_code
