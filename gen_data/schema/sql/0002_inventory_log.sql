-- The log of a product in a warehouse goes on where it stopped, and takes no piece from a lot that the lot does not hold.
-- A lot's last row is mostly the one before. Where it is not, going back meets it soon, for the oldest lot is taken first, and never passes
-- the lot's opening.
create function check_inventory_log() returns trigger
language plpgsql
set search_path = public, pg_temp
-- The plan of the first call is kept for the session: only the key's index is right for small and large loads alike.
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set enable_memoize = off
set enable_bitmapscan = off
as $$
declare
    refused record;
begin
    select step.product_id, step.warehouse_code, step.sequence, step.kind, step.quantity, step.lot,
           previous.on_hand_after as on_hand_before,
           case when previous.lot = step.lot then previous.lot_after else of_lot.lot_after end as lot_before,
           step.happened_at < previous.happened_at
           or step.on_hand_after is distinct from step.quantity + case when step.sequence = 1 then 0 else previous.on_hand_after end
               as breaks_off
    into refused
    from new_rows step
    left join inventory_log previous
        on previous.product_id = step.product_id and previous.warehouse_code = step.warehouse_code and previous.sequence = step.sequence - 1
    left join lateral (
        select past.lot_after, past.unit_cost
        from inventory_log past
        where step.lot < step.sequence and previous.lot <> step.lot
          and past.product_id = step.product_id and past.warehouse_code = step.warehouse_code
          and past.sequence >= step.lot and past.sequence < step.sequence and past.lot = step.lot
        order by past.sequence desc
        limit 1
    ) of_lot on true
    where step.happened_at < previous.happened_at
       or step.on_hand_after is distinct from step.quantity + case when step.sequence = 1 then 0 else previous.on_hand_after end
       or step.lot_after is distinct from step.quantity + case
              when step.lot = step.sequence then 0 when previous.lot = step.lot then previous.lot_after else of_lot.lot_after
          end
       or (step.lot < step.sequence
           and step.unit_cost is distinct from case when previous.lot = step.lot then previous.unit_cost else of_lot.unit_cost end)
    limit 1;
    if not found then
        return null;
    end if;
    if refused.breaks_off then
        raise exception 'inventory_log_continues: product % in % cannot have move % (% of %) after %',
            refused.product_id, refused.warehouse_code, refused.sequence, refused.kind, refused.quantity,
            coalesce(refused.on_hand_before || ' on hand', 'nothing')
            using errcode = 'check_violation', constraint = 'inventory_log_continues', table = 'inventory_log', schema = 'public';
    end if;
    raise exception 'inventory_log_takes_from_its_lot: product % in % cannot have move % (% of %) with lot %, which holds %',
        refused.product_id, refused.warehouse_code, refused.sequence, refused.kind, refused.quantity, refused.lot,
        coalesce(refused.lot_before::text, 'nothing')
        using errcode = 'check_violation', constraint = 'inventory_log_takes_from_its_lot', table = 'inventory_log', schema = 'public';
end
$$;

create trigger inventory_log_continues after insert on inventory_log
    referencing new table as new_rows for each statement execute function check_inventory_log();
