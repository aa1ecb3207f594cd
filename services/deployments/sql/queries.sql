-- The named queries of deployments. The finds see live rows alone; $1: those after this id, $2: at most so many,
-- $3: the asker sees everything, $4 and $5: workspaces and deployments whose rows they see otherwise.

-- name: load_deployments
select to_jsonb(d) as row from deployments d where id = any($1::text[])

-- name: delete_deployments
delete from deployments where id = any($1::text[])

-- name: insert_deployments
insert into deployments select * from jsonb_populate_recordset(null::deployments, $1::jsonb)

-- name: find_by_ids
select to_jsonb(d)::text as row
from read.deployments d
where deleted_at is null and id > $1 and id = any($6::text[])
    and ($3::boolean or workspace_id = any($4::text[]) or id = any($5::text[]))
order by id
limit $2

-- name: find_one
select to_jsonb(d)::text as row from read.deployments d where deleted_at is null and id = $1

-- name: find_door
select to_jsonb(d)::text as row, coalesce(a.endpoint, '') as endpoint
from read.deployments d
left join assignments a on a.deployment_id = d.id and a.wish = 'run'
where d.deleted_at is null and (d.release_name = $1 or d.id = $2)

-- name: find_by_workspaces
select to_jsonb(d)::text as row
from read.deployments d
where deleted_at is null and id > $1 and workspace_id = any($6::text[])
    and ($3::boolean or workspace_id = any($4::text[]) or id = any($5::text[]))
order by id
limit $2

-- name: find_by_release_name
select to_jsonb(d)::text as row
from read.deployments d
where deleted_at is null and id > $1 and release_name = $6
    and ($3::boolean or workspace_id = any($4::text[]) or id = any($5::text[]))
order by id
limit $2

-- name: find_all
select to_jsonb(d)::text as row
from read.deployments d
where deleted_at is null and id > $1
order by id
limit $2

-- name: find_seen
select to_jsonb(d)::text as row
from read.deployments d
where deleted_at is null and id > $1 and (workspace_id = any($3::text[]) or id = any($4::text[]))
order by id
limit $2

-- name: want
insert into assignments as a (deployment_id, generation, wish)
values ($1, $2, $3)
on conflict (deployment_id) do update
set generation = excluded.generation, wish = excluded.wish
where a.generation < excluded.generation or (a.generation = excluded.generation and a.wish = excluded.wish)
returning generation

-- name: assignments
-- All that is not over: what is to run or sleep, and what is to go and has not gone yet.
select deployment_id, generation, wish, seen_generation, seen
from assignments
where wish <> 'gone' or seen_generation <> generation or seen is distinct from 'REMOVED'

-- name: find_assignment
select deployment_id, generation, wish, seen_generation, seen, endpoint from assignments where deployment_id = $1

-- name: note_seen
-- Written by the holder of the lease alone ($6: driver, $7: token), and only while its wish is the last one.
update assignments
set seen_generation = $2, seen = $3, trouble = $4::jsonb, endpoint = $5, news = nextval('assignment_news')
where deployment_id = $1 and generation = $2
    and exists (select from keeper_leases where driver = $6 and token = $7 and until > clock_timestamp())
returning news

-- name: untold
select deployment_id, seen_generation, seen, trouble::text as trouble, news
from assignments
where news > told
order by news
limit $1

-- name: mark_told
update assignments
set told = $2, trouble = case when news = $2 then null else trouble end
where deployment_id = $1 and told < $2

-- name: take_lease
insert into keeper_leases as l (driver, holder, token, until)
values ($1, $2, 1, clock_timestamp() + $3)
on conflict (driver) do update
set holder = excluded.holder, token = l.token + 1, until = excluded.until
where l.until < clock_timestamp() or l.holder = excluded.holder
returning token

-- name: renew_lease
update keeper_leases
set until = clock_timestamp() + $4
where driver = $1 and holder = $2 and token = $3 and until > clock_timestamp()
returning token

-- name: release_lease
update keeper_leases set until = '-infinity' where driver = $1 and holder = $2 and token = $3

-- name: store_bundle_part
insert into bundle_parts (deployment_id, sha256, part, bytes)
values ($1, $2, $3, $4)
on conflict (deployment_id, sha256, part) do nothing

-- name: read_bundle_part
select bytes from bundle_parts where deployment_id = $1 and sha256 = $2 and part = $3

-- name: drop_bundles
-- Those stored lately may be of a bundle whose event is about to be written ($3).
delete from bundle_parts where deployment_id = $1 and not sha256 = any($2::text[]) and stored_at < now() - $3::interval

-- name: forget_unknown
-- Those that are known again, or gone.
delete from unknown_deployments where driver = $1 and not deployment_id = any($2::text[])

-- name: note_unknown
-- $3: how long it is kept. The rows may come from an older dump themselves, so what nobody has looked at lately begins anew.
insert into unknown_deployments as u (driver, deployment_id)
select $1, unnest($2::text[])
on conflict (driver, deployment_id) do update
set
    first_seen_at = case
        when u.last_seen_at < clock_timestamp() - interval '1 day' then excluded.first_seen_at else u.first_seen_at
    end,
    last_seen_at = excluded.last_seen_at
returning deployment_id, first_seen_at + $3::interval as until, first_seen_at + $3::interval <= clock_timestamp() as over
