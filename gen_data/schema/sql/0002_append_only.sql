-- What happened stays: a log takes new rows only. The trigger bears the rule's name.
create function refuse_change_of_the_past() returns trigger
language plpgsql
set search_path = public, pg_temp
as $$
begin
    raise exception '%: rows of % are added, never changed or deleted', tg_name, tg_table_name
        using errcode = 'check_violation', constraint = tg_name, table = tg_table_name, schema = tg_table_schema;
end
$$;

create trigger customer_history_is_append_only before update or delete on customer_history
    for each statement execute function refuse_change_of_the_past();
create trigger order_status_history_is_append_only before update or delete on order_status_history
    for each statement execute function refuse_change_of_the_past();
create trigger payments_are_append_only before update or delete on payments
    for each statement execute function refuse_change_of_the_past();
create trigger loyalty_transactions_are_append_only before update or delete on loyalty_transactions
    for each statement execute function refuse_change_of_the_past();
create trigger inventory_log_is_append_only before update or delete on inventory_log
    for each statement execute function refuse_change_of_the_past();
create trigger shipment_events_are_append_only before update or delete on shipment_events
    for each statement execute function refuse_change_of_the_past();
