"""Live log lines: from JetStream to a viewer."""
