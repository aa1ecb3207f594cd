-- Questions about teams; all name the schema.

-- Who sees what of teams: $1 of whom or what, $2 after this id, $3 at most so many; then whether all is seen, the asker,
-- who sees all of their own teams, the entities whose teams are seen, and the workspaces whose deployments' teams are.

-- name: teams_after
-- $1 after this id, $2 at most so many.
select to_jsonb(t)::text as row
from read.teams t
where t.id > $1
order by t.id
limit $2

-- name: teams_before
-- $1 before this id, $2 at most so many; the nearest first.
select to_jsonb(t)::text as row
from read.teams t
where t.id < $1
order by t.id desc
limit $2

-- name: total
-- $1 of what: teams or users.
select coalesce((select number from read.totals where id = $1), 0) as number

-- name: teams_with_names
select count(*) as number from read.teams t where t.name collate "C" = any($1::text[])

-- name: team_size
select (
    select count(*)
    from read.team_members m
    cross join lateral (select true from read.users u where u.id = m.user_id limit 1) u
    where m.team_id = t.id
) as members
from read.teams t
where t.id = $1

-- name: teams_on_entity_after
-- As above, with a role on the entity $3.
select to_jsonb(t)::text as row
from read.team_bindings b
cross join lateral (select t.* from read.teams t where t.id = b.team_id limit 1) t
where b.entity = $3 and b.team_id > $1 and (
    $3 = 'system'
    or (select true from read.workspaces w where w.id = substr($3, 11))
    or (select true from read.deployments d where d.id = substr($3, 12))
)
order by b.team_id
limit $2

-- name: teams_on_entity_before
select to_jsonb(t)::text as row
from read.team_bindings b
cross join lateral (select t.* from read.teams t where t.id = b.team_id limit 1) t
where b.entity = $3 and b.team_id < $1 and (
    $3 = 'system'
    or (select true from read.workspaces w where w.id = substr($3, 11))
    or (select true from read.deployments d where d.id = substr($3, 12))
)
order by b.team_id desc
limit $2

-- name: teams_on_entity
select count(*) as number
from read.team_bindings b
where b.entity = $1 and (
    $1 = 'system'
    or (select true from read.workspaces w where w.id = substr($1, 11))
    or (select true from read.deployments d where d.id = substr($1, 12))
)

-- name: teams_seen
select to_jsonb(t)::text as row
from read.teams t
where t.id = any($1::text[]) and t.id > $2 and (
    $4 or (select true from read.team_members m where m.id = t.id || ':' || $5)
    or (
        select true from read.team_bindings b
        where b.team_id = t.id and (
            b.entity = any($6::text[])
            or (
                select 'workspace:' || d.workspace_id = any($7::text[])
                from read.deployments d
                where d.id = substr(b.entity, 12)
            )
        )
        limit 1
    )
)
order by t.id
limit $3

-- name: roles_of_teams
-- $1 teams, $2 after this binding, $3 at most so many of each. Roles on what is gone are void.
select found.team_id, to_jsonb(found)::text as row
from unnest($1::text[]) wanted (id)
cross join lateral (
    select b.* from read.team_bindings b
    where b.team_id = wanted.id and b.id > $2 and (
        $4 or (select true from read.team_members m where m.id = b.team_id || ':' || $5)
        or b.entity = any($6::text[])
        or (
            select 'workspace:' || d.workspace_id = any($7::text[])
            from read.deployments d
            where d.id = substr(b.entity, 12)
        )
    ) and (
        b.entity = 'system'
        or (select true from read.workspaces w where w.id = substr(b.entity, 11))
        or (select true from read.deployments d where d.id = substr(b.entity, 12))
    )
    order by b.entity <> 'system', b.id
    limit $3
) found

-- name: bindings_of_teams
-- As above, at most $3 in all and by rising id.
select to_jsonb(b)::text as row
from read.team_bindings b
where b.team_id = any($1::text[]) and b.id > $2 and (
    $4 or (select true from read.team_members m where m.id = b.team_id || ':' || $5)
    or b.entity = any($6::text[])
    or (
        select 'workspace:' || d.workspace_id = any($7::text[])
        from read.deployments d
        where d.id = substr(b.entity, 12)
    )
) and (
    b.entity = 'system'
    or (select true from read.workspaces w where w.id = substr(b.entity, 11))
    or (select true from read.deployments d where d.id = substr(b.entity, 12))
)
order by b.id
limit $3

-- name: team_bindings_on_entities
-- $1 entities, $2 after this binding, $3 at most so many.
select to_jsonb(b)::text as row
from read.team_bindings b
where b.entity = any($1::text[]) and b.id > $2 and (
    b.entity = 'system'
    or (select true from read.workspaces w where w.id = substr(b.entity, 11))
    or (select true from read.deployments d where d.id = substr(b.entity, 12))
)
order by b.id
limit $3

-- name: members_of_teams
-- $1 teams, $2 after this membership, $3 at most so many. A person who is gone is a member no more.
select found.membership, found.person
from unnest($1::text[]) wanted (id)
cross join lateral (
    select m.id, to_jsonb(m)::text as membership, to_jsonb(u)::text as person
    from read.team_members m
    join read.users u on u.id = m.user_id
    where m.team_id = wanted.id and m.id > $2
    order by m.id
    limit $3
) found
order by found.id
limit $3

-- name: memberships_of_people
-- $1 persons, $2 after this membership, $3 at most so many.
select to_jsonb(found)::text as row
from unnest($1::text[]) wanted (id)
cross join lateral (
    select m.* from read.team_members m
    where m.user_id = wanted.id and m.id > $2
    order by m.team_id
    limit $3
) found
order by found.id
limit $3

-- name: workspaces_of_deployments
select id, workspace_id from read.deployments where id = any($1::text[])

-- name: teams_reaching
-- The teams of a person $1 that have one of the roles $3 on one of the entities $2, in the order of these roles.
select found.id
from (
    select m.team_id as id,
        (
            select min(array_position($3::text[], b.role))
            from read.team_bindings b
            where b.team_id = m.team_id and b.entity = any($2::text[]) and b.role = any($3::text[])
        ) as place
    from read.team_members m
    where m.user_id = $1
) found
where found.place is not null
order by found.place, found.id

-- name: teams_of_person
-- $1 person, $2 at most so many roles of each team; null for all. `version` is that of the rows, `head` that of the stream.
select m.team_id as id,
    (select t.version from read.teams t where t.id = m.team_id) as version,
    (select max(e.version) from events e where e.stream = 'team-' || m.team_id) as head,
    (
        select jsonb_agg(jsonb_build_object('role', found.role, 'entity', found.entity))::text from (
            select b.role, b.entity from read.team_bindings b
            where b.team_id = m.team_id and (
                b.entity = 'system'
                or (select true from read.workspaces w where w.id = substr(b.entity, 11))
                or (select true from read.deployments d where d.id = substr(b.entity, 12))
            )
            order by b.entity <> 'system', b.id
            limit $2
        ) found
    ) as roles
from read.team_members m
where m.user_id = $1
