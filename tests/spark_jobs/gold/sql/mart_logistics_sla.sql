with newest as (
    select max(shipped_at::date) as as_of_date from shipments
),
parcels as (
    select carrier_code, warehouse_code, province, as_of_date, shipping_cost, shipped_at::date > as_of_date - 28 as is_recent,
           case when shipments.status = 'delivered' then delivered_at <= promised_at
                when shipments.status = 'lost' then false
                when exists (select from shipment_events e where e.shipment_id = shipments.shipment_id and e.kind = 'delayed') then false
           end as is_on_time,
           shipments.status = 'in_transit' as is_on_its_way,
           round(extract(epoch from delivered_at - promised_at) / 3600, 2) as delay
    from shipments
    join orders using (order_id)
    join customer_addresses using (address_id)
    cross join newest
),
lanes as (
    select carrier_code, warehouse_code, province, as_of_date,
           count(*) filter (where is_recent) as parcel_count,
           count(is_on_time) filter (where is_recent) as judged_parcel_count,
           count(*) filter (where is_recent and is_on_time) as on_time_parcel_count,
           count(*) filter (where is_on_its_way and not is_on_time) as overdue_parcel_count,
           coalesce(sum(shipping_cost) filter (where is_recent), 0) as shipping_cost,
           round((percentile_cont(0.5) within group (order by delay) filter (where is_recent))::numeric, 4) as median,
           round((percentile_cont(0.9) within group (order by delay) filter (where is_recent))::numeric, 4) as p90
    from parcels
    where is_recent or (is_on_its_way and not is_on_time)
    group by carrier_code, warehouse_code, province, as_of_date
),
shares as (
    select lanes.*, round(p, 4) as on_time_share,
           round((p + 1.96 * 1.96 / (2 * n) - 1.96 * sqrt(p * (1 - p) / n + 1.96 * 1.96 / (4 * n * n))) / (1 + 1.96 * 1.96 / n), 4) as on_time_low,
           round((p + 1.96 * 1.96 / (2 * n) + 1.96 * sqrt(p * (1 - p) / n + 1.96 * 1.96 / (4 * n * n))) / (1 + 1.96 * 1.96 / n), 4) as on_time_high
    from lanes
    cross join lateral (select nullif(judged_parcel_count, 0)::numeric as n) as counted
    cross join lateral (select on_time_parcel_count / n as p) as share
)
select carrier_code, warehouse_code, province, as_of_date, parcel_count, judged_parcel_count, on_time_parcel_count, on_time_share,
       on_time_low, on_time_high, round(median, 2) as median_delay_hours, round(p90, 2) as p90_delay_hours, overdue_parcel_count, shipping_cost,
       case when judged_parcel_count >= 10 and on_time_high < 0.9 then 'renegotiate'
            when on_time_share >= 0.9 and overdue_parcel_count = 0 then 'keep'
            else 'watch' end as action
from shares
