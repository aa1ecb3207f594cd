"""Followers on real servers: projections, policies, workers, publishers and consumers of a small domain."""
