-- Only the service calls the functions of the log history.
--
-- Why: whoever may connect may call a function unless that is taken away, and so could the role of the runner.

do $$
declare
    app text := current_database();
begin
    revoke execute on function find_log_lines, trim_log_part, log_line_overhead from public;
    execute format('grant execute on function find_log_lines, trim_log_part, log_line_overhead to %I', app);
end $$;
