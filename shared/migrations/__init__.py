"""Migrations: plain SQL files, run in order, once each, by Alembic."""

from shared.migrations.run import migrate

__all__ = ["migrate"]
