"""The rules of the deployments service, pure."""
