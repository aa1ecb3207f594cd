"""The audit of a service: what happened, from its events, and what was refused, from a table beside them."""
