-- Who asks, and what they hold. What is bound to something that is gone is void; it is looked for by scalar subqueries,
-- for those always go by the index.

-- name: person_at_sign_in
-- $1 session, $2 person, $3 most roles, also of each team (see teams_of_person), $4 the key that signed. A session's
-- stream has one event until it ends. The position is that of the rows, for they alone say in which teams the person is.
select
    coalesce((select c.position from checkpoints c where c.name = 'identity'), 0) as position,
    (select to_jsonb(u)::text from read.users u where u.id = $2) as person,
    (select max(e.version) from events e where e.stream = 'user-' || $2) as person_version,
    (select max(e.version) from events e where e.stream = 'session-' || $1) as session_version,
    (select true from signing_keys k where k.kid = $4 and k.revoked_at is null) as key_is_good,
    (
        select jsonb_agg(to_jsonb(found))::text from (
            select b.* from read.role_bindings b
            where b.user_id = $2 and (
                b.entity = 'system'
                or (select true from read.workspaces w where w.id = substr(b.entity, 11))
                or (select true from read.deployments d where d.id = substr(b.entity, 12))
            )
            order by b.entity <> 'system', b.id
            limit $3
        ) found
    ) as roles,
    (
        select jsonb_agg(to_jsonb(found))::text from (
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
                        limit $3
                    ) found
                ) as roles
            from read.team_members m
            where m.user_id = $2
        ) found
    ) as teams

-- name: grants_of_person
select b.role, b.entity
from read.role_bindings b
where b.user_id = $1 and (
    b.entity = 'system'
    or (select true from read.workspaces w where w.id = substr(b.entity, 11))
    or (select true from read.deployments d where d.id = substr(b.entity, 12))
)
order by b.id
