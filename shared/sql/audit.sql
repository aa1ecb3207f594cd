-- The named queries of the audit.

-- name: workspaces_of_parts
select distinct on (part) part, workspace_id from audit
where part = any($1::text[]) and part <> '' and workspace_id <> ''
order by part, position desc

-- name: write_refusals
insert into public.refusals
select
    r.id, r.time, r.action, r.subject, r.kind, r.credential, r.target_kind, r.target_id,
    case when r.workspace_id <> '' then r.workspace_id else coalesce(
        (
            select a.workspace_id from read.audit a
            where a.part = r.target_id and a.part <> '' and a.workspace_id <> ''
            order by a.position desc limit 1
        ), ''
    ) end,
    r.code, r.rule, r.message_id, r.correlation_id, r.origin_seal, r.source
from jsonb_populate_recordset(null::public.refusals, $1::jsonb) r
on conflict (id) do nothing

-- name: purge_refusals
delete from public.refusals where id in (
    select id from public.refusals where time < now() - $1::interval order by time limit $2
)

-- name: audit_page
select * from (
    (
        select
            id, time, 'done' as outcome, action, position, stream, subject, kind, credential, role, target_kind, target_id,
            workspace_id, '' as code, '' as rule, message_id, correlation_id, origin_seal, '' as source
        from read.audit
        where $5 in ('', 'done')
            and ($1 = '' or workspace_id = $1)
            and ($2 = '' or subject = $2)
            and ($3 = '' or target_id = $3)
            and ($4 = '' or action ^@ $4)
            and ($6::timestamptz is null or time >= $6)
            and ($7::timestamptz is null or time < $7)
            and ($8::timestamptz is null or (time, id) < ($8, $9::uuid))
        order by time desc, id desc
        limit $10
    )
    union all
    (
        select
            id, time, 'refused', action, 0, '', subject, kind, credential, '', target_kind, target_id,
            workspace_id, code, rule, message_id, correlation_id, origin_seal, source
        from public.refusals
        where $5 in ('', 'refused')
            and ($1 = '' or workspace_id = $1)
            and ($2 = '' or subject = $2)
            and ($3 = '' or target_id = $3)
            and ($4 = '' or action ^@ $4)
            and ($6::timestamptz is null or time >= $6)
            and ($7::timestamptz is null or time < $7)
            and ($8::timestamptz is null or (time, id) < ($8, $9::uuid))
        order by time desc, id desc
        limit $10
    )
) as both_of_them
order by time desc, id desc
limit $10

-- name: audit_after
select
    id, time, 'done' as outcome, action, position, stream, subject, kind, credential, role, target_kind, target_id,
    workspace_id, message_id, correlation_id, origin_seal
from read.audit
where position > $1
    and ($2 = '' or workspace_id = $2)
    and ($3::timestamptz is null or time >= $3)
    and ($4::timestamptz is null or time < $4)
order by position
limit $5

-- name: concerns_workspace
select exists (select from read.audit where workspace_id = $1 and workspace_id <> '')
    or exists (select from public.refusals where workspace_id = $1 and workspace_id <> '')

-- name: refusals_after
select
    id, time, 'refused' as outcome, action, subject, kind, credential, target_kind, target_id,
    workspace_id, code, rule, message_id, correlation_id, origin_seal, source
from public.refusals
where ($1::timestamptz is null or (time, id) > ($1, $2::uuid))
    and ($3 = '' or workspace_id = $3)
    and ($4::timestamptz is null or time >= $4)
    and ($5::timestamptz is null or time < $5)
order by time, id
limit $6
