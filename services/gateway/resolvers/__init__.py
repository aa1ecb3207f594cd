"""What stands behind each field of the schema: one message to the service that owns the thing."""
