-- Questions about people, their bindings and members; all name the schema.

-- name: roles_of_people
-- $1 persons, $2 most roles of each, $3 all of them, $4 the asker, $5 entities and $6 workspaces of deployments whose
-- members are seen. Roles on what is gone are void.
select found.user_id, to_jsonb(found)::text as row
from unnest($1::text[]) wanted (id)
cross join lateral (
    select b.* from read.role_bindings b
    where b.user_id = wanted.id and (
        $3 or b.user_id = $4 or b.entity = any($5::text[])
        or (select d.workspace_id from read.deployments d where d.id = substr(b.entity, 12)) = any($6::text[])
    ) and (
        b.entity = 'system'
        or (select true from read.workspaces w where w.id = substr(b.entity, 11))
        or (select true from read.deployments d where d.id = substr(b.entity, 12))
    )
    order by b.entity <> 'system', b.id
    limit $2
) found

-- People, one query for each filter that has an index. $1 after this id, $2 at most so many, $3 ids, $4 address,
-- $5 username in lower case, $6 full name, $7 made at, $8 changed at; the first that is given chooses the query.

-- name: users_by_ids
select to_jsonb(u)::text as row
from read.users u
where u.id = any($3::text[]) and u.id > $1 and u.status <> 'invited'
    and ($4 = '' or u.email = $4) and ($5 = '' or lower(u.username) = $5) and ($6 = '' or u.full_name = $6)
    and ($7::timestamptz is null or u.created_at = $7) and ($8::timestamptz is null or u.updated_at = $8)
order by u.id
limit $2

-- name: users_by_email
select to_jsonb(u)::text as row
from read.users u
where u.email = $4 and u.id > $1 and u.status <> 'invited'
    and ($3::text[] is null or u.id = any($3)) and ($5 = '' or lower(u.username) = $5)
    and ($6 = '' or u.full_name = $6)
    and ($7::timestamptz is null or u.created_at = $7) and ($8::timestamptz is null or u.updated_at = $8)
order by u.id
limit $2

-- name: users_by_username
select to_jsonb(u)::text as row
from read.users u
where lower(u.username) = $5 and u.id > $1 and u.status <> 'invited'
    and ($3::text[] is null or u.id = any($3)) and ($4 = '' or u.email = $4) and ($6 = '' or u.full_name = $6)
    and ($7::timestamptz is null or u.created_at = $7) and ($8::timestamptz is null or u.updated_at = $8)
order by u.id
limit $2

-- name: users_by_full_name
select to_jsonb(u)::text as row
from read.users u
where u.full_name = $6 and u.id > $1 and u.status <> 'invited'
    and ($3::text[] is null or u.id = any($3)) and ($4 = '' or u.email = $4)
    and ($5 = '' or lower(u.username) = $5)
    and ($7::timestamptz is null or u.created_at = $7) and ($8::timestamptz is null or u.updated_at = $8)
order by u.id
limit $2

-- name: users_by_creation
select to_jsonb(u)::text as row
from read.users u
where u.created_at = $7 and u.id > $1 and u.status <> 'invited'
    and ($3::text[] is null or u.id = any($3)) and ($4 = '' or u.email = $4)
    and ($5 = '' or lower(u.username) = $5) and ($6 = '' or u.full_name = $6)
    and ($8::timestamptz is null or u.updated_at = $8)
order by u.id
limit $2

-- name: users_by_change
select to_jsonb(u)::text as row
from read.users u
where u.updated_at = $8 and u.id > $1 and u.status <> 'invited'
    and ($3::text[] is null or u.id = any($3)) and ($4 = '' or u.email = $4)
    and ($5 = '' or lower(u.username) = $5) and ($6 = '' or u.full_name = $6)
    and ($7::timestamptz is null or u.created_at = $7)
order by u.id
limit $2

-- name: users_all
select to_jsonb(u)::text as row
from read.users u
where u.id > $1 and u.status <> 'invited'
order by u.id
limit $2

-- name: users_beginning_with
-- $1 after this id, $2 at most so many, $3 the beginning; who is invited has an address only. A common beginning is found
-- among the next people, a rare one by its ranges; a pattern that is not known while planning could not use an index.
with near as (
    select id, email, username, full_name from read.users
    where id > $1 and status <> 'invited'
    order by id
    limit 2000
), hits as (
    select id from near
    where starts_with(email, lower($3)) or starts_with(lower(username), lower($3))
        or starts_with(lower(full_name), lower($3))
    order by id
    limit $2
)
select to_jsonb(u)::text as row
from (
    select id from hits
    union
    select id from (
        select id from read.users
        where email >= lower($3) and email < lower($3) || chr(1114111) and id > $1 and status <> 'invited'
        union
        select id from read.users
        where lower(username) collate "C" >= lower($3) and lower(username) collate "C" < lower($3) || chr(1114111)
            and id > $1
        union
        select id from read.users
        where lower(full_name) collate "C" >= lower($3) and lower(full_name) collate "C" < lower($3) || chr(1114111)
            and id > $1
    ) ranged
    where (select count(*) from hits) < $2
    order by id
    limit $2
) found
cross join lateral (select u.* from read.users u where u.id = found.id limit 1) u
order by u.id

-- name: users_seen
-- $1 ids, $2 after this id, $3 everybody, $4 the asker, $5 entities and $6 workspaces of deployments whose members are
-- seen, $7 workspaces whose invited are seen.
select to_jsonb(u)::text as row
from read.users u
where u.id = any($1::text[]) and u.id > $2 and (
    $3 or u.id = $4
    or (select true from read.role_bindings b where b.user_id = u.id and b.entity = any($5::text[]) limit 1)
    or (
        select true from read.role_bindings b
        join read.deployments d on d.id = substr(b.entity, 12)
        where b.user_id = u.id and d.workspace_id = any($6::text[])
        limit 1
    )
    or (select true from read.invitations i where i.user_id = u.id and i.scope = any($7::text[]) limit 1)
)
order by u.id

-- name: bindings_of_people
-- $1 persons, $2 after this binding, $3 at most so many, $4 all, $5 the asker, $6 entities and
-- $7 workspaces of deployments whose members are seen.
select to_jsonb(b)::text as row
from read.role_bindings b
where b.user_id = any($1::text[]) and b.id > $2 and (
    $4 or b.user_id = $5 or b.entity = any($6::text[])
    or (select d.workspace_id from read.deployments d where d.id = substr(b.entity, 12)) = any($7::text[])
) and (
    b.entity = 'system'
    or (select true from read.workspaces w where w.id = substr(b.entity, 11))
    or (select true from read.deployments d where d.id = substr(b.entity, 12))
)
order by b.id
limit $3

-- name: bindings_on_entities
-- $1 entities, $2 after this binding, $3 at most so many. No more than a page is read of each entity.
select to_jsonb(b)::text as row
from (
    select found.*
    from unnest($1::text[]) place (entity)
    cross join lateral (
        select b.* from read.role_bindings b where b.entity = place.entity and b.id > $2 order by b.id limit $3
    ) found
    where (select true from read.workspaces w where w.id = substr(place.entity, 11))
        or (select true from read.deployments d where d.id = substr(place.entity, 12))
    order by found.id
    limit $3
) b
order by b.id

-- name: holders
-- Who holds a role: $1 entities, $2 after this person, $3 at most so many, $4 roles, null for any.
select to_jsonb(u)::text as row
from (
    select distinct found.user_id
    from unnest($1::text[]) place (entity)
    cross join lateral (
        select b.user_id
        from read.role_bindings b
        where b.entity = place.entity and b.user_id > $2 and ($4::text[] is null or b.role = any($4))
        order by b.user_id
        limit $3
    ) found
    order by found.user_id
    limit $3
) held
join read.users u on u.id = held.user_id
order by u.id

-- name: holders_before
-- As above, the last ones before a person ($2).
select to_jsonb(u)::text as row
from (
    select distinct found.user_id
    from unnest($1::text[]) place (entity)
    cross join lateral (
        select b.user_id
        from read.role_bindings b
        where b.entity = place.entity and b.user_id < $2 and ($4::text[] is null or b.role = any($4))
        order by b.user_id desc
        limit $3
    ) found
    order by found.user_id desc
    limit $3
) held
join read.users u on u.id = held.user_id
order by u.id

-- name: users_on_entity
select count(*) as number
from read.role_bindings b
where b.entity = $1 and (
    (select true from read.workspaces w where w.id = substr($1, 11))
    or (select true from read.deployments d where d.id = substr($1, 12))
)

-- name: roles_on
-- The roles of persons ($1) on entities ($2); $3 roles, null for any.
select to_jsonb(b)::text as row
from read.role_bindings b
where b.user_id = any($1::text[]) and b.entity = any($2::text[]) and ($3::text[] is null or b.role = any($3))
order by b.id

-- name: workspaces_there
select id from read.workspaces where id = any($1::text[])

-- name: places_of_deployments
select id, workspace_id from read.deployments where id = any($1::text[])

-- name: members
-- $1 entities of workspaces, $2 after this binding, $3 at most so many. No more than a page is read of each workspace.
select to_jsonb(b)::text as binding, to_jsonb(u)::text as person
from (
    select found.*
    from unnest($1::text[]) place (entity)
    cross join lateral (
        select b.* from read.role_bindings b where b.entity = place.entity and b.id > $2 order by b.id limit $3
    ) found
    where (select true from read.workspaces w where w.id = substr(place.entity, 11))
    order by found.id
    limit $3
) b
join read.users u on u.id = b.user_id
order by b.id

-- name: members_who_are
-- As above, of one person ($4).
select to_jsonb(b)::text as binding, to_jsonb(u)::text as person
from read.role_bindings b
join read.users u on u.id = b.user_id
where b.user_id = $4 and b.entity = any($1::text[]) and b.id > $2
    and exists (select from read.workspaces w where w.id = substr(b.entity, 11))
order by b.id
limit $3

-- name: person_with_address
select id, status from read.users where email = $1
