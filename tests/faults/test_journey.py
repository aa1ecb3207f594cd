"""`kill -9` of invites and of identity at each step of an invited person's journey: it ends as if nothing had been."""

import asyncio
import random
import secrets
import time
from dataclasses import dataclass

import pytest

from tests.acceptance.client import Houston
from tests.acceptance.stack import Stack
from tests.faults.backstage import Backstage
from tests.faults.checks import assert_rows_are_a_rebuilds, assert_stores_intact
from tests.faults.holds import hold
from tests.faults.journey import Journey, assert_each_event_once
from tests.faults.processes import kill, process_of, until_replaced

ROUNDS = [1, pytest.param(5, marks=[pytest.mark.full, pytest.mark.timeout(900)])]
# A dead process's claim ends with its lease of 30 s; the test does not wait for it.
END_LEASES = "update outbox set leased_until = now() where kind = 'mail' and done_at is null and lease is not null"


@dataclass(frozen=True)
class Step:
    """Where `killed` dies: when a row for which `row` is true is to be written to `table` in the database `of`.

    It dies just before the row is committed or, with `committed`, right after and before it has heard of that.
    Without a table it dies before the journey begins, so that its first command finds nobody. So many `copies` of the
    mail come.
    """

    name: str
    killed: str
    of: str = ""
    table: str = ""
    row: str = ""
    committed: bool = False
    copies: int = 1


def steps_of(killed: str, of: str, name: str, table: str, row: str) -> list[Step]:
    """Return the steps before and after a commit."""
    return [
        Step(f"before {name}", killed, of, table, row),
        Step(f"after {name}, before it is known", killed, of, table, row, committed=True),
    ]


def appends(type_name: str) -> tuple[str, str]:
    """Return table and row of an event that is stored."""
    return "public.events", f"new.type_name = '{type_name}'"


CLAIMS = ("public.outbox", "new.kind = 'mail' and new.lease is not null")
SENT = ("public.outbox", "new.kind = 'mail' and new.done_at is not null")
STEPS = {
    "invites": [
        Step("before it takes the wish to invite", "invites"),
        Step("before identity has stored the invitation", "invites", "identity", *appends("user.invited")),
        *steps_of("invites", "invites", "its record, behind identity's answer", *appends("invite.created")),
        Step("before the mail's job is written", "invites", "invites", "public.outbox", "new.kind = 'mail'"),
        *steps_of("invites", "invites", "the mail's job is claimed", *CLAIMS),
        Step("before the mail is noted as sent, behind the 250", "invites", "invites", *SENT, copies=2),
        Step("after the mail is noted as sent", "invites", "invites", *SENT, committed=True),
        Step("before identity has stored the acceptance", "invites", "identity", *appends("user.activated")),
        *steps_of("invites", "invites", "its record of the acceptance", *appends("invite.accepted")),
    ],
    "identity": [
        Step("before invites asks it", "identity"),
        *steps_of("identity", "identity", "the invitation is stored", *appends("user.invited")),
        Step("before its row of the invitation", "identity", "identity", "read.invitations", "true"),
        Step("before invites has recorded", "identity", "invites", *appends("invite.created")),
        Step("before the mail asks for the address", "identity", "invites", *CLAIMS),
        *steps_of("identity", "identity", "the acceptance is stored", *appends("user.activated")),
        Step("before the role shows", "identity", "identity", "read.role_bindings", "true"),
        Step("before invites has recorded the acceptance", "identity", "invites", *appends("invite.accepted")),
    ],
}


async def die_at(step: Step, backstage: Backstage, prepared: asyncio.Event) -> None:
    """Kill the step's service there, see that another process takes its place, and let things go on.

    The journey may begin once all is `prepared`: what it comes past before that can't be held.
    """
    old = process_of(backstage.stack, step.killed)
    if not step.table:
        kill(old)
        prepared.set()
        return
    async with backstage.database(step.of) as connection, hold(connection, step.table, step.row) as held:
        prepared.set()
        await held.reached()
        if step.committed:
            old.suspend()
            await held.let_go()
            kill(old)
        elif step.killed == step.of:
            kill(old)
            await held.cancel()
        else:
            kill(old)
            await held.let_go()
    await until_replaced(backstage.stack, old, step.killed)
    if step.killed == "invites":
        async with backstage.database("invites") as connection:
            await connection.execute(END_LEASES)


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("service", [pytest.param("invites", marks=pytest.mark.full), "identity"])
async def test_a_journey_comes_to_its_end_though_a_service_dies_at_any_step(
    stack: Stack, backstage: Backstage, admin: Houston, service: str, rounds: int
) -> None:
    steps = STEPS[service] * rounds
    for step in steps:
        journey, began = Journey(stack, admin, step.copies), time.monotonic()
        prepared = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(die_at(step, backstage, prepared))
            await prepared.wait()
            tasks.create_task(journey.go())
        await journey.assert_came_once()
        copies = len(backstage.mails()[journey.email])
        print(f"{service} dies {step.name}: {time.monotonic() - began:.1f} s, {copies} x the mail")
    await assert_all_is_well(backstage, len(steps))


@pytest.mark.full
@pytest.mark.timeout(900)
async def test_journeys_come_to_their_end_though_both_services_die_at_random(
    stack: Stack, backstage: Backstage, admin: Houston
) -> None:
    seed = secrets.randbelow(1_000_000)
    print(f"seed {seed}")
    chance, journeys = random.Random(seed), [Journey(stack, admin) for _ in range(40)]

    async def travel(mine: list[Journey]) -> None:
        for journey in mine:
            await journey.go()

    travelling = asyncio.gather(*(travel(journeys[start::4]) for start in range(4)))
    kills = 0
    while not travelling.done():
        service = chance.choice(list(STEPS))
        await asyncio.wait([travelling], timeout=chance.uniform(0.2, 3.0))
        old = process_of(stack, service)
        kill(old)
        kills += 1
        await until_replaced(stack, old, service)
    await travelling
    print(f"{len(journeys)} journeys, {kills} kills")
    for journey in journeys:
        await journey.assert_came_once()
    await assert_all_is_well(backstage, len(journeys))


async def assert_all_is_well(backstage: Backstage, journeys: int) -> None:
    """Each journey has left its events once; stores and rows agree, nothing is parked, dead or behind."""
    await assert_each_event_once(backstage, journeys)
    await assert_stores_intact(backstage)
    for service in STEPS:
        await assert_rows_are_a_rebuilds(backstage, service)
