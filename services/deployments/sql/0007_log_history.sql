-- The history of log lines: plain tables beside the events, outside of what a rebuild has to equal.
--
-- Lines lie in parts, one table each, in the order of their arrival. A part is closed by its size or age, so one that is
-- looked through costs the same however much there is; it is indexed for searches once it is closed, as a whole: that is
-- five times cheaper than line by line, and the index a third smaller. A part goes as a whole when it is too old, without
-- a lock on the others, which is why these are not declarative partitions.

create extension if not exists pg_trgm;
create extension if not exists btree_gin;

create table log_origins (
    number integer generated always as identity primary key,
    deployment_id text collate "C" not null,
    component text collate "C" not null,
    unique (deployment_id, component)
);

-- The last batch of every source of lines, which writes them in their order: what is not later is a repeat.
create table log_incarnations (
    origin integer not null references log_origins on delete cascade,
    incarnation text collate "C" not null,
    batch bigint not null,
    seen_at timestamptz not null,
    primary key (origin, incarnation)
);

-- How far the history has come: the stream by the microsecond it was made in, its message, and the number of the last line.
create table log_place (
    one boolean primary key default true check (one),
    stream bigint not null,
    sequence bigint not null,
    lines bigint not null
);
insert into log_place (stream, sequence, lines) values (0, 0, 0);

create table log_parts (
    number integer generated always as identity primary key,
    opened_at timestamptz not null default now(),
    closed_at timestamptz,
    indexed boolean not null default false
);

-- What a part holds of an origin; `bytes` as the settings count them.
create table log_usage (
    origin integer not null references log_origins,
    part integer not null references log_parts,
    lines bigint not null,
    bytes bigint not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    primary key (origin, part)
) with (fillfactor = 70);
create index log_usage_by_part on log_usage (part);

create schema logs;

create table logs.lines (   -- the form of a part; holds nothing itself
    origin integer not null,
    try_number integer,
    map_index integer,
    told_at timestamptz not null,
    place bigint not null,
    id text collate "C" not null,
    level text collate "C",
    logger text collate "C",
    dag_id text collate "C",
    task_id text collate "C",
    run_id text collate "C",
    message text not null
);
create index on logs.lines (origin, told_at, place);


-- Closes the open part, if there is one, and returns the number of a new one.
create function open_log_part() returns integer
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
declare
    opened integer;
begin
    update public.log_parts set closed_at = now() where closed_at is null;
    insert into public.log_parts default values returning number into opened;
    execute format('create table logs.lines_%s (like logs.lines including all)', opened);
    return opened;
end $$;


-- Indexes a closed part for searches. Writers of it (there are only deletions) wait meanwhile; one processor is used.
create function index_log_part(part integer) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp set max_parallel_maintenance_workers = 0
as $$
begin
    execute format(
        'create index if not exists lines_%s_search on logs.lines_%s using gin (origin, message public.gin_trgm_ops)',
        part, part
    );
    execute format('analyze logs.lines_%s', part);
    update public.log_parts set indexed = true where number = part;
end $$;


-- Drops a part with all its lines, unless it has come to hold lines from `before` on; says whether it is gone.
create function drop_log_part(part integer, before timestamptz) returns boolean
    language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    perform from public.log_parts where number = part for update;
    if exists (select from public.log_usage u where u.part = drop_log_part.part and u.last_at >= before) then
        return false;
    end if;
    delete from public.log_usage u where u.part = drop_log_part.part;
    delete from public.log_parts where number = part;
    execute format('drop table if exists logs.lines_%s', part);
    return true;
end $$;


-- The newest lines of a part, by origin and in all at most `most`, behind `after_at` and before the place given.
-- `ordered`: goes through the lines from the newest one on; else finds all by their text first, and then the newest.
create function find_log_lines(
    part integer, origins integer[], after_at timestamptz, before_at timestamptz, before_place bigint, pattern text,
    most integer, ordered boolean
) returns setof logs.lines
    language plpgsql stable
as $$
declare
    fence text := case when ordered then '' else 'offset 0' end;
    sources text;
begin
    select string_agg(format(
        '(select * from (select * from logs.lines_%s l where l.origin = %s and l.told_at > $1'
        ' and (l.told_at, l.place) < ($2, $3) and ($4 is null or l.message ilike $4) %s) found'
        ' order by told_at desc, place desc limit $5)',
        part, number, fence), ' union all ')
    into sources
    from unnest(origins) number;
    return query execute format('select * from (%s) lines order by told_at desc, place desc limit $5', sources)
    using after_at, before_at, before_place, pattern, most;
exception
    when undefined_table then   -- dropped since its number was read
        return;
end $$;


-- Removes the oldest lines of these origins from a part, at most `most`, and returns how many there were.
create function trim_log_part(part integer, origins integer[], most integer) returns bigint
    language plpgsql
as $$
declare
    gone bigint;
begin
    execute format(
        'with oldest as materialized (
             select ctid from logs.lines_%1$s where origin = any($1) order by told_at, place limit $2
         ), removed as (
             delete from logs.lines_%1$s where ctid = any(array(select ctid from oldest))
             returning origin, octet_length(message) as size
         ), counted as (
             select origin, count(*) as lines, sum(size + $3) as bytes from removed group by origin order by origin
         ), noted as (
             update public.log_usage u set lines = u.lines - c.lines, bytes = u.bytes - c.bytes
             from counted c where u.origin = c.origin and u.part = %1$s
         )
         select coalesce(sum(lines), 0) from counted', part)
    into gone using origins, most, log_line_overhead();
    delete from log_usage u where u.part = trim_log_part.part and u.origin = any(origins) and u.lines <= 0;
    return gone;
end $$;


-- What a line counts besides its message.
create function log_line_overhead() returns integer language sql immutable as 'select 256';


do $$
declare
    app text := current_database();
begin
    revoke execute on function open_log_part, index_log_part, drop_log_part from public;
    execute format('grant execute on function open_log_part, index_log_part, drop_log_part to %I', app);
    execute format('grant select, insert, update, delete on log_origins, log_incarnations, log_usage to %I', app);
    execute format('grant select, update on log_place, log_parts to %I', app);
    execute format('grant usage on schema logs to %I', app);
    execute format('alter default privileges in schema logs grant select, insert, delete on tables to %I', app);
    execute format('grant select on logs.lines to %I', app);
end $$;
