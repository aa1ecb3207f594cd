"""People, credentials, sessions, workspaces and role bindings; the only holder of personal data."""
