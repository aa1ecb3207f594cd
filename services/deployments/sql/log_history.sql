-- The named queries of the history of log lines.

-- name: log_place
select stream, sequence, lines from log_place

-- name: hold_log_place
select stream, sequence, lines from log_place for update

-- name: move_log_place
update log_place set stream = $1, sequence = $2, lines = $3

-- name: find_log_origins
select o.number, o.deployment_id, o.component
from log_origins o
where (o.deployment_id, o.component) in (select * from unnest($1::text[], $2::text[]))

-- name: make_log_origins
insert into log_origins (deployment_id, component)
select deployment_id, component from unnest($1::text[], $2::text[]) as wanted (deployment_id, component)
order by deployment_id, component
on conflict do nothing

-- name: last_log_batches
select origin, incarnation, batch
from log_incarnations
where (origin, incarnation) in (select * from unnest($1::integer[], $2::text[]))

-- name: note_log_batches
insert into log_incarnations as i (origin, incarnation, batch, seen_at)
select origin, incarnation, batch, now() from unnest($1::integer[], $2::text[], $3::bigint[]) as u (origin, incarnation, batch)
order by origin, incarnation
on conflict (origin, incarnation) do update set batch = excluded.batch, seen_at = excluded.seen_at

-- name: open_log_part_now
-- The open part, which nobody drops before this transaction ends; $1: after so long it is to be closed.
select
    p.number,
    p.opened_at < now() - $1::interval as old,
    (select coalesce(sum(u.lines), 0)::bigint from log_usage u where u.part = p.number) as lines,
    (select coalesce(sum(u.bytes), 0)::bigint from log_usage u where u.part = p.number) as bytes
from log_parts p
where p.closed_at is null
for key share of p

-- name: open_log_part
select open_log_part()

-- name: note_log_usage
insert into log_usage as u (origin, part, lines, bytes, first_at, last_at)
select origin, $1, lines, bytes, first_at, last_at
from unnest($2::integer[], $3::bigint[], $4::bigint[], $5::timestamptz[], $6::timestamptz[])
    as n (origin, lines, bytes, first_at, last_at)
order by origin
on conflict (origin, part) do update
set
    lines = u.lines + excluded.lines,
    bytes = u.bytes + excluded.bytes,
    first_at = least(u.first_at, excluded.first_at),
    last_at = greatest(u.last_at, excluded.last_at)

-- name: log_parts_of
-- The parts with lines of a deployment, of one component or of all (""), behind $3 and not behind $4; the newest first.
select
    p.number,
    p.indexed,
    sum(u.lines)::bigint as lines,
    max(u.last_at) as last_at,
    array_agg(o.number order by o.number) as origins
from log_origins o
join log_usage u on u.origin = o.number
join log_parts p on p.number = u.part
where o.deployment_id = $1 and ($2 = '' or o.component = $2) and u.last_at > $3 and u.first_at <= $4
group by p.number, p.indexed
order by max(u.last_at) desc, p.number desc

-- name: find_log_lines
select
    l.place, l.told_at, o.component, l.id, l.level, l.message, l.logger, l.dag_id, l.task_id, l.run_id, l.try_number,
    l.map_index
from find_log_lines($1, $2::integer[], $3, $4, $5, $6, $7, $8) l
join log_origins o on o.number = l.origin
order by l.told_at desc, l.place desc

-- name: next_part_to_index
select number from log_parts where closed_at is not null and not indexed order by number limit 1

-- name: index_log_part
select index_log_part($1)

-- name: old_log_parts
-- Those whose lines are all of before $1, and those from which all were removed.
select p.number
from log_parts p
where not exists (select from log_usage u where u.part = p.number and u.last_at >= $1)
    and (p.closed_at is not null or exists (select from log_usage u where u.part = p.number))
order by p.number

-- name: drop_log_part
select drop_log_part($1, $2)

-- name: log_part_sizes
select
    number, closed_at is not null as closed,
    coalesce(pg_total_relation_size(to_regclass('logs.lines_' || number)), 0)::bigint as bytes
from log_parts
order by number

-- name: large_log_deployments
select o.deployment_id, sum(u.bytes)::bigint as bytes
from log_usage u join log_origins o on o.number = u.origin
group by o.deployment_id
having sum(u.bytes) > $1

-- name: gone_log_deployments
select distinct o.deployment_id
from log_origins o join assignments a on a.deployment_id = o.deployment_id
where a.wish = 'gone'

-- name: log_parts_with
-- The parts with lines of a deployment, the oldest first.
select u.part, array_agg(o.number) as origins, sum(u.lines)::bigint as lines, sum(u.bytes)::bigint as bytes
from log_origins o join log_usage u on u.origin = o.number
where o.deployment_id = $1
group by u.part
order by u.part

-- name: trim_log_part
select trim_log_part($1, $2::integer[], $3)

-- name: forget_log_incarnations
delete from log_incarnations where seen_at < now() - $1::interval

-- name: forget_log_origins
delete from log_origins o
where o.deployment_id = $1 and not exists (select from log_usage u where u.origin = o.number)
