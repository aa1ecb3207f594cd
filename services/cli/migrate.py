"""`aerodrome migrate`: one database brought up to date."""

import asyncio
from collections.abc import Sequence

from services.cli.folder import CannotStart, DataFolder
from services.migration_folders import migration_folders
from services.nats_users import SERVICES
from shared.errors import AerodromeError
from shared.migrations import migrate
from shared.servers.postgres import EmbeddedPostgres


def migrate_service(service: str, owner_url: str, folder: DataFolder) -> Sequence[str]:
    """Migrate one database and return the names of the files that ran."""
    if service not in SERVICES:
        raise CannotStart(f"there is no database of {service}; there are {', '.join(SERVICES)}")
    address = owner_url or _own_database(service, folder)
    try:
        return asyncio.run(migrate(address, migration_folders(service)))
    except AerodromeError as error:
        raise CannotStart(error.text) from error


def _own_database(service: str, folder: DataFolder) -> str:
    secrets, state = folder.secrets(), folder.state()
    server = EmbeddedPostgres(folder=folder.postgres, port=state.postgres_port, password=secrets.postgres)
    return server.dsn(database=service, user=f"{service}_owner", password=secrets.owners[service])
