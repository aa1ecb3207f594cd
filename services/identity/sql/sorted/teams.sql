-- Teams in an order: $1 skips so many, $2 at most so many.

-- name: teams
select to_jsonb(t)::text as row
from read.teams t
order by {order}, t.id
offset $1 limit $2

-- name: teams_more
-- $3 all criteria in their ranks, the first of which stands here too, for its index.
select to_jsonb(t)::text as row
from read.teams t
order by {order}, {criteria}, t.id
offset $1 limit $2

-- name: teams_named
-- $3 all criteria, $4 names.
select to_jsonb(t)::text as row
from read.teams t
where t.name collate "C" = any($4::text[])
order by {criteria}, t.id
offset $1 limit $2

-- name: team_members
-- $3 all criteria, $4 the team. A person who is gone is a member no more.
select to_jsonb(m)::text as membership, to_jsonb(u)::text as person
from read.team_members m
cross join lateral (select u.* from read.users u where u.id = m.user_id limit 1) u
where m.team_id = $4
order by {criteria}, m.user_id
offset $1 limit $2
