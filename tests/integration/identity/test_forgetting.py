"""A person who is removed leaves no name and no address in any table, and a dump does not bring them back."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from pydantic import SecretStr

from services.identity.contract import (
    AddWorkspaceUser,
    Authenticate,
    FindPerson,
    RemoveUser,
    RequestPasswordReset,
    Role,
    SignIn,
    UpdateUser,
)
from services.identity.projections import PROJECTIONS
from shared.auth import Origin
from shared.bus.context import Context
from shared.errors import Rejected, Unauthenticated
from shared.messages import Command
from shared.store.personal import FORGOTTEN, personal_fields
from shared.store.verify import verify
from tests.integration.bus import until
from tests.integration.identity.service import INVITES, PASSWORD, PATIENCE, Identity, Somebody
from tests.servers import Database, PostgresForTests

ADDRESS, NAME, FULL_NAME = "zebulon@quagga.example.com", "quaggaman", "Zebulon Quagga"
PICTURE, SOURCE = "https://pictures.example.com/zebulon.png", "203.0.113.77"
TRACES = ("zebulon", "quagga", SOURCE)


@dataclass(frozen=True)
class Life:
    """Somebody who has left a trace wherever one can be left, and an administrator."""

    admin: Somebody
    somebody: Somebody


async def from_afar(identity: Identity, command: Command[Any]) -> None:
    """Send a command from an address of its own."""
    await identity.gateway.ask(command, Context.first(patience=PATIENCE, origin=Origin(address=SOURCE)))


async def lead(identity: Identity) -> Life:
    """Return somebody with names, picture, sessions, invitation, roles, mails, failures and origins."""
    admin = await identity.sign_up("ann@example.com")
    place = await identity.workspace(admin)
    _, token = await identity.invited(ADDRESS, roles=(Role.SYSTEM_VIEWER,))
    somebody = await identity.sign_up(ADDRESS, invite_token=token, username=NAME, full_name=FULL_NAME)
    await identity.ask(AddWorkspaceUser(workspace_id=place.id, email=ADDRESS), admin.now)
    await identity.ask(UpdateUser(user_id=somebody.id, avatar_url=PICTURE), somebody.now)
    await identity.ask(RequestPasswordReset(email=ADDRESS))
    await from_afar(identity, SignIn(identity=NAME, password=PASSWORD))
    with pytest.raises(Rejected):
        await from_afar(identity, SignIn(identity=ADDRESS, password="a wrong one"))
    await identity.settled()
    return Life(admin, somebody)


async def remembered(identity: Identity) -> list[str]:
    """Return the tables of the whole database in which a trace stands in the clear."""
    tables = await identity.fetch(
        "select table_schema, table_name from information_schema.tables"
        " where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')"
    )
    found: list[str] = []
    for table in tables:
        name = f"{table['table_schema']}.{table['table_name']}"
        rows = await identity.fetch(f"select lower(t::text) as text from {name} t")
        if any(trace in row["text"] for row in rows for trace in TRACES):
            found.append(name)
    return found


async def assert_forgotten(identity: Identity, somebody: Somebody) -> None:
    """No table shows the person, nothing that was theirs can be read, and the chain is whole."""
    await identity.settled()
    for projection in PROJECTIONS:
        await identity.followers.rebuild(projection.name)
    assert await remembered(identity) == []
    process = identity.replicas[0]
    assert process._store is not None
    events = [recorded.event for recorded in await process._store.read_stream(f"user-{somebody.id}")]
    personal = [getattr(event, field) for event in events for field in personal_fields(type(event))]
    assert len(personal) >= 5
    assert all(text == FORGOTTEN for text in personal)
    await assert_whole(identity)
    assert (await identity.ask(FindPerson(email=ADDRESS), INVITES)).user_id == ""
    with pytest.raises(Unauthenticated):
        await identity.ask(Authenticate(token=somebody.token))


async def assert_whole(identity: Identity) -> None:
    """The chain of events is whole."""
    pools = identity.replicas[0]._pools
    assert pools is not None
    assert (await verify(pools.queries)).broken is None


async def test_a_removed_person_stands_in_no_table_and_the_chain_is_whole(stopped: Identity, tmp_path: Path) -> None:
    await stopped.start(tombstones_file=tmp_path / "tombstones")
    life = await lead(stopped)
    assert "read.users" in await remembered(stopped)

    await stopped.ask(RemoveUser(user_id=life.somebody.id), life.admin.now)

    await assert_forgotten(stopped, life.somebody)
    assert life.somebody.id in (tmp_path / "tombstones").read_text().splitlines()


async def test_a_restored_dump_forgets_again(
    stopped: Identity, postgres_server: PostgresForTests, tmp_path: Path
) -> None:
    tombstones = tmp_path / "tombstones"
    await stopped.start(tombstones_file=tombstones)
    life = await lead(stopped)
    await stopped.stop_all()
    dump = await copied(postgres_server, stopped.database)
    await stopped.start(tombstones_file=tombstones)
    await stopped.ask(RemoveUser(user_id=life.somebody.id), life.admin.now)
    await stopped.stop_all()

    stopped.database = dump
    assert "read.users" in await remembered(stopped)
    await stopped.start(tombstones_file=tombstones)
    await until(is_removed(stopped, life.somebody))

    await assert_forgotten(stopped, life.somebody)
    again = await stopped.join(ADDRESS)
    assert again.id != life.somebody.id
    await stopped.stop_all()
    await postgres_server.drop_database(dump)


async def test_the_last_owner_of_a_restored_dump_is_forgotten_and_only_the_operator_names_the_next(
    stopped: Identity, postgres_server: PostgresForTests, tmp_path: Path
) -> None:
    house = {"tombstones_file": tmp_path / "tombstones", "public_signups": True, "email_confirmation": False}
    await stopped.start(**house)
    ann = await stopped.sign_up("ann@example.com")
    await stopped.workspace(ann)
    await stopped.stop_all()
    dump = await copied(postgres_server, stopped.database)
    await stopped.start(**house)
    bob = await stopped.join("bob@example.com", roles=(Role.SYSTEM_ADMIN,))
    await stopped.ask(RemoveUser(user_id=ann.id), bob.now)
    await stopped.stop_all()

    stopped.database = dump
    await stopped.start(**house)

    await until(is_removed(stopped, ann))
    with pytest.raises(Unauthenticated):
        await stopped.ask(Authenticate(token=ann.token))
    stranger = await stopped.sign_up("mallory@example.com")
    assert not [grant for grant in stranger.now.grants if grant.role == Role.SYSTEM_ADMIN]
    await stopped.stop_all()
    await stopped.start(**house, bootstrap_token=SecretStr("of the operator"))
    carl = await stopped.sign_up("carl@example.com", bootstrap_token="of the operator")
    assert Role.SYSTEM_ADMIN in {grant.role for grant in carl.now.grants}
    await assert_whole(stopped)
    await stopped.stop_all()
    await postgres_server.drop_database(dump)


def is_removed(identity: Identity, somebody: Somebody) -> Callable[[], Awaitable[bool]]:
    """Return a question that is true once the person is removed."""
    removed = "select 1 from events where type_name = 'user.removed' and stream = $1"

    async def asked() -> bool:
        return bool(await identity.fetch(removed, f"user-{somebody.id}"))

    return asked


async def copied(postgres: PostgresForTests, database: Database) -> Database:
    """Return a copy of a database, as a dump that is restored would be."""
    name = f"identity_{secrets.token_hex(6)}"
    connection = await asyncpg.connect(postgres.server.dsn())
    try:
        await connection.execute(f"create database {name} template {database.name} owner identity_owner")
    finally:
        await connection.close()
    return postgres.existing_database("identity", name)
