"""The event store: append-only streams of events in Postgres, written by one function in groups."""
