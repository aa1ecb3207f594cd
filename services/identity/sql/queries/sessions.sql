-- The question about sessions.

-- name: open_sessions
-- $1 person, $2 after this id, $3 at most so many, $4 now. Those of an older generation have ended.
select to_jsonb(s)::text as row
from read.sessions s
join read.users u on u.id = s.user_id
where s.user_id = $1 and s.id > $2 and s.expires_at > $4 and s.generation = u.session_generation
order by s.id
limit $3
