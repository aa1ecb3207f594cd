-- People in an order, the invited too: $1 skips so many, $2 at most so many.

-- name: users
select to_jsonb(u)::text as row
from read.users u
order by {order}, u.id
offset $1 limit $2

-- name: users_more
-- $3 all criteria in their ranks, the first of which stands here too, for its index.
select to_jsonb(u)::text as row
from read.users u
order by {order}, {criteria}, u.id
offset $1 limit $2

-- name: users_on
-- $3 all criteria, $4 the entity on which they hold a role.
select to_jsonb(u)::text as row
from read.role_bindings b
cross join lateral (select u.* from read.users u where u.id = b.user_id limit 1) u
where b.entity = $4 and (
    (select true from read.workspaces w where w.id = substr($4, 11))
    or (select true from read.deployments d where d.id = substr($4, 12))
)
order by {criteria}, u.id
offset $1 limit $2
