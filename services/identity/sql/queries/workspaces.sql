-- Questions about workspaces; all name the schema.

-- Workspaces: $1 after this id, $2 at most so many, $3 a label or "".

-- name: workspaces_by_ids
select to_jsonb(w)::text as row
from read.workspaces w
where w.id = any($4::text[]) and w.id > $1 and ($3 = '' or w.label = $3)
order by w.id
limit $2

-- name: workspaces_of_user
-- $4 the person, by their own roles and their teams'; $5 workspaces known from grants besides, $6 rows to leave out.
select to_jsonb(w)::text as row
from (
    select substr(b.entity, 11) as id
    from read.role_bindings b
    where b.user_id = $4 and b.entity > 'workspace:' || $1 and b.entity < 'workspace;'
    union
    select substr(b.entity, 11)
    from read.team_members m
    join read.team_bindings b on b.team_id = m.team_id
    where m.user_id = $4 and b.entity > 'workspace:' || $1 and b.entity < 'workspace;'
    union
    select id from unnest($5::text[]) known (id) where id > $1
) own
cross join lateral (select w.* from read.workspaces w where w.id = own.id limit 1) w
where $3 = '' or w.label = $3
order by w.id
limit $2
offset $6

-- name: workspaces_with_label
select to_jsonb(w)::text as row
from read.workspaces w
where w.label = $3 and w.id > $1
order by w.id
limit $2

-- name: workspaces_all
select to_jsonb(w)::text as row
from read.workspaces w
where w.id > $1 and $3 = ''
order by w.id
limit $2
