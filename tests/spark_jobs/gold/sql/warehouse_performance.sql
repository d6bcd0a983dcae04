with span as (
    select min(happened_at::date) as first_day, max(happened_at::date) as newest_day from inventory_log
),
appeared as (
    select warehouse_code, min(happened_at::date) as first_seen from inventory_log group by warehouse_code
),
days as (
    select warehouse_code, day::date as day, date_trunc('month', day)::date as stock_month,
           (select coalesce(sum(quantity * unit_cost), 0) from inventory_log log
            where log.warehouse_code = appeared.warehouse_code and happened_at::date <= day::date) as value_at_end
    from appeared
    cross join span
    cross join generate_series(first_day, newest_day, interval '1 day') as calendar (day)
    where date_trunc('month', day) >= date_trunc('month', first_seen)
),
stock as (
    select stock_month, warehouse_code, (array_agg(value_at_end order by day desc))[1] as closing_stock_value,
           round(avg(value_at_end), 2) as average_stock_value
    from days group by stock_month, warehouse_code
),
moved as (
    select date_trunc('month', happened_at)::date as stock_month, warehouse_code,
           coalesce(sum(quantity) filter (where kind = 'receipt'), 0) as received, coalesce(-sum(quantity) filter (where kind = 'issue'), 0) as issued,
           coalesce(sum(quantity) filter (where kind = 'return'), 0) as returned, coalesce(-sum(quantity) filter (where kind = 'loss'), 0) as lost,
           count(*) filter (where kind in ('issue', 'loss') and on_hand_after = 0) as stock_outs,
           coalesce(-sum(quantity * unit_cost) filter (where kind in ('issue', 'return')), 0) as sold
    from inventory_log group by 1, 2
),
sent as (
    select date_trunc('month', shipped_at)::date as stock_month, warehouse_code, count(*) as parcels, sum(shipping_cost) as shipping_cost,
           round(round((percentile_cont(0.5) within group (order by hours))::numeric, 4), 2) as median,
           round(round((percentile_cont(0.9) within group (order by hours))::numeric, 4), 2) as p90
    from shipments
    join orders using (order_id)
    cross join lateral (select round(extract(epoch from shipped_at - ordered_at) / 3600, 2) as hours) as took
    group by 1, 2
),
handed_over as (
    select date_trunc('month', ordered_at)::date as stock_month, warehouse_code, count(*) as orders,
           count(*) filter (where extract(epoch from date_trunc('second', changed_at) - date_trunc('second', ordered_at)) <= lead_time_hours * 3600) as in_time
    from (select distinct order_id, warehouse_code from order_items) as left_from
    join orders using (order_id)
    join channels using (channel_code)
    join order_status_history as history on history.order_id = orders.order_id and history.status = 'shipped'
    group by 1, 2
)
select stock_month, warehouse_code, coalesce(received, 0) as received_unit_count, coalesce(issued, 0) as issued_unit_count,
       coalesce(returned, 0) as returned_unit_count, coalesce(lost, 0) as lost_unit_count, coalesce(stock_outs, 0) as stock_out_count,
       coalesce(parcels, 0) as parcel_count, median as median_handling_hours, p90 as p90_handling_hours,
       coalesce(shipping_cost, 0) as shipping_cost, coalesce(orders, 0) as shipped_order_count, coalesce(in_time, 0) as handed_over_in_time_count,
       round(in_time::numeric / nullif(orders, 0), 4) as handed_over_in_time_share, closing_stock_value, average_stock_value,
       coalesce(sold, 0) as cost_of_goods_sold, round(coalesce(sold, 0) / nullif(average_stock_value, 0), 4) as turnover,
       stock_month >= first_day and (stock_month + interval '1 month')::date <= newest_day as is_complete
from stock
cross join span
left join moved using (stock_month, warehouse_code)
left join sent using (stock_month, warehouse_code)
left join handed_over using (stock_month, warehouse_code)
