"""A cluster for tests: the API of Kubernetes over HTTP, and a helm that speaks to it."""
