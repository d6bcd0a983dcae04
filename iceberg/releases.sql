-- A run resolves every input once; its tables are built, perhaps by several processes, and published together.
create table if not exists shoplake.runs (
    run_id bigint generated always as identity primary key,
    started_at timestamptz not null default now(),
    ended_at timestamptz,
    status text not null default 'running' check (status in ('running', 'published', 'nothing_new', 'previewed', 'failed')),
    message text,
    base_release_id bigint,
    cut_end_lsn bigint not null,
    is_full boolean not null,
    -- Asked for some tables only, and so says nothing of the others.
    is_limited boolean not null default false
);

-- A lake made before. Looked at first, since altering a table waits for all who read it, even where there is nothing to alter.
do $$
begin
    if not exists (
        select from pg_attribute where attrelid = 'shoplake.runs'::regclass and attname = 'is_limited' and not attisdropped
    ) then
        alter table shoplake.runs add column is_limited boolean not null default false;
    end if;
    if not exists (
        select from pg_constraint
        where conrelid = 'shoplake.runs'::regclass and conname = 'runs_status_check' and pg_get_constraintdef(oid) like '%%previewed%%'
    ) then
        alter table shoplake.runs drop constraint runs_status_check;
        alter table shoplake.runs add constraint runs_status_check
            check (status in ('running', 'published', 'nothing_new', 'previewed', 'failed'));
    end if;
end
$$;

create table if not exists shoplake.run_inputs (
    run_id bigint not null references shoplake.runs,
    table_name text not null,
    snapshot_id bigint not null,
    position_end_lsn bigint,
    metadata_location text not null,
    primary key (run_id, table_name)
);

-- What a run did with a table: the version it started from and the version it made, and what of the table it touched.
create table if not exists shoplake.run_tables (
    run_id bigint not null references shoplake.runs,
    table_name text not null,
    status text not null check (status in ('waiting', 'kept', 'unchanged', 'built')),
    strategy text,
    definition text not null,
    base_snapshot_id bigint,
    snapshot_id bigint,
    cut_end_lsn bigint,
    inputs jsonb not null default '{}',
    touched jsonb,
    changed_row_count bigint not null default 0,
    seconds double precision not null default 0,
    primary key (run_id, table_name)
);

create index if not exists run_tables_by_version on shoplake.run_tables (table_name, snapshot_id);

create table if not exists shoplake.releases (
    release_id bigint primary key,
    published_at timestamptz not null default now(),
    run_id bigint references shoplake.runs,
    rolled_back_to bigint references shoplake.releases,
    cut_end_lsn bigint not null
);

-- The version of each table in a release, and how far that version had consumed its inputs.
create table if not exists shoplake.release_tables (
    release_id bigint not null references shoplake.releases,
    table_name text not null,
    snapshot_id bigint not null,
    definition text not null,
    cut_end_lsn bigint not null,
    inputs jsonb not null,
    metadata_location text not null,
    primary key (release_id, table_name)
);

create table if not exists shoplake.check_results (
    run_id bigint not null references shoplake.runs,
    table_name text not null,
    check_name text not null,
    severity text not null check (severity in ('stop', 'warn', 'record')),
    passed boolean not null,
    failing_count bigint not null,
    examples jsonb not null,
    sentence text not null,
    checked_at timestamptz not null default now(),
    primary key (run_id, table_name, check_name)
);
