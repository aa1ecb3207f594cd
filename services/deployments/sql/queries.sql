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

-- name: want_simulated
insert into simulated_deployments as s (deployment_id, generation, wanted, components)
values ($1, $2, $3, $4::jsonb)
on conflict (deployment_id) do update
set generation = excluded.generation, wanted = excluded.wanted, components = excluded.components
where s.generation < excluded.generation or (s.generation = excluded.generation and s.wanted = excluded.wanted)
returning generation

-- name: observe_simulated
select generation, wanted, up_generation from simulated_deployments where deployment_id = $1

-- name: lock_simulated
-- What is to be started, and what nobody has cleared up, each with whether this session holds it now. $1: it did before.
select s.deployment_id, pg_try_advisory_lock(hashtextextended('simulated ' || s.deployment_id, 0)) as held
from simulated_deployments s
where (s.wanted or s.up_generation is not null)
    and not exists (select from unnest($1::text[]) as k (id) where k.id = s.deployment_id)

-- name: changed_simulated
-- What this session holds ($1) and is not what runs: other than the generation of $2, or not wanted any more.
select s.deployment_id, s.generation, s.wanted, s.components::text as components
from unnest($1::text[], $2::integer[]) as k (id, generation)
join simulated_deployments s on s.deployment_id = k.id
where s.generation <> k.generation or not s.wanted

-- name: mark_simulated
update simulated_deployments set up_generation = $2, incarnation = $3 where deployment_id = $1

-- name: unlock_simulated
select pg_advisory_unlock(hashtextextended('simulated ' || $1::text, 0))
