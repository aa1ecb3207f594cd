"""The history of log lines: taken from their stream into Postgres, kept within limits, searched."""
