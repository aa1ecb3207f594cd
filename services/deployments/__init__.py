"""The deployments service: deployments, their drivers and the log lines of their components."""
