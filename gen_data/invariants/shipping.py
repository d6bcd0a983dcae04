"""What is true of parcels: who sent them, where they are, and that orders follow them."""

from gen_data.invariants.invariant import Invariant

SHIPPING = (
    Invariant(
        "shipped_order_has_a_parcel_from_each_warehouse",
        "An order that was shipped has one parcel from each warehouse of its lines, sent when it was shipped; no other order has any.",
        """
        select order_id, warehouse_code
        from (
            select distinct order_id, warehouse_code, changed_at
            from order_items join order_status_history using (order_id)
            where status = 'shipped'
        ) sent
        full join shipments using (order_id, warehouse_code)
        where changed_at is distinct from shipped_at
        """,
    ),
    Invariant(
        "shipment_is_where_its_events_end",
        "A parcel was picked up when it was shipped, and is where the last of its events left it.",
        """
        select shipment_id
        from shipments
        left join (select shipment_id, happened_at as picked_up_at from shipment_events where kind = 'picked_up') pick_up using (shipment_id)
        left join (select shipment_id, kind, happened_at from shipment_events where kind in ('delivered', 'lost')) ending using (shipment_id)
        where picked_up_at is distinct from shipped_at
           or status <> coalesce(kind, 'in_transit')
           or (kind = 'delivered' and happened_at <> delivered_at)
        """,
    ),
    Invariant(
        "shipment_events_are_in_order",
        "The events of a parcel are numbered from 1 without a gap, forward in time, from the one that picked it up to its delivery or loss.",
        """
        select shipment_id, sequence
        from (
            select shipment_id, sequence, kind, happened_at, row_number() over way as number,
                   lag(kind) over way as previous_kind, lag(happened_at) over way as previous_happened_at
            from shipment_events
            window way as (partition by shipment_id order by sequence)
        ) event
        where sequence <> number or happened_at < previous_happened_at
           or (number = 1) <> (kind = 'picked_up') or previous_kind in ('delivered', 'lost')
        """,
    ),
    Invariant(
        "order_arrives_with_its_last_parcel",
        "An order is delivered when all its parcels are, on its way while one is, and a parcel is lost only with its order.",
        """
        select order_id
        from orders
        join (
            select order_id, bool_and(status = 'delivered') as is_there, bool_or(status = 'in_transit') as is_coming,
                   bool_and(status = 'lost') as is_lost, max(delivered_at) as arrived_at
            from shipments group by order_id
        ) parcels using (order_id)
        where case
            when status = 'delivered' then not is_there or arrived_at <> updated_at
            when status = 'returned' then not is_there or arrived_at > updated_at
            when status = 'shipped' then not is_coming
            else not is_lost
        end
        """,
    ),
    Invariant(
        "distributor_works_for_the_carrier",
        "The distributor of a parcel works for its carrier.",
        """
        select shipment_id
        from shipments join distributors using (distributor_id)
        where shipments.carrier_code <> distributors.carrier_code
        """,
    ),
)
