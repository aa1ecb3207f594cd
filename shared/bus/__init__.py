"""Commands, queries and their answers over NATS request/reply."""
