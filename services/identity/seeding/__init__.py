"""Fills an installation with invented people, workspaces and service accounts, to measure and to try things on."""

from services.identity.seeding.plan import DOMAIN, Sizes
from services.identity.seeding.seeder import PASSWORD, Seeded, Seeder

__all__ = ["DOMAIN", "PASSWORD", "Seeded", "Seeder", "Sizes"]
