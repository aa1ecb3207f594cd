-- What `aerodrome runner` may do here: read what it is to keep, with its secrets, and write what it sees. It appends no event.

create function admit_runner(runner name) returns void language plpgsql as $$
begin
    execute format('grant connect on database %I to %I', current_database(), runner);
    execute format('grant select on events, person_keys, bundle_parts, assignments to %I', runner);
    execute format('grant update (seen_generation, seen, trouble, endpoint, news) on assignments to %I', runner);
    execute format('grant usage on sequence assignment_news to %I', runner);
    execute format('grant select, insert, update on keeper_leases to %I', runner);
    execute format('grant select, insert, update, delete on unknown_deployments to %I', runner);
end $$;

revoke execute on function admit_runner from public;
