-- A cut is a position in the source's log up to which every bronze table is complete.
create table if not exists shoplake.cuts (
    cut_id bigint generated always as identity primary key,
    end_lsn bigint not null unique,
    recorded_at timestamptz not null default now()
);
