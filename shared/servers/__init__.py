"""Postgres and NATS as child processes of this machine, for `aerodrome up` and for the tests."""
