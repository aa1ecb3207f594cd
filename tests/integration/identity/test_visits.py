"""Visits of Airflows: a pass is good once and for its deployment; a visit is as good as its session."""

import asyncio
from typing import Any

import pytest

from services.identity.contract import (
    Authenticate,
    AuthenticateVisit,
    BeginVisit,
    DeploymentId,
    EndSession,
    IssuePass,
    RemoveUser,
    VisitRow,
)
from shared.errors import Forbidden, Unauthenticated
from shared.ids import new_message_id
from shared.messages import Ask
from tests.integration.identity.service import KEY, Identity, Somebody

HERE = DeploymentId("cdeployment0000000000000a")


async def visit_of(identity: Identity, person: Somebody) -> VisitRow:
    issued = await identity.ask(IssuePass(deployment_id=HERE), person.now)
    return await identity.ask(BeginVisit(pass_token=issued.token))


async def refused(identity: Identity, question: Ask[Any]) -> None:
    with pytest.raises(Unauthenticated):
        await identity.ask(question)


async def test_a_visit_is_its_persons_at_one_deployment(identity: Identity) -> None:
    ann = await identity.sign_up("ann@example.com")
    visit = await visit_of(identity, ann)
    seen = await identity.ask(AuthenticateVisit(token=visit.token))
    assert (seen.principal.subject, seen.visits, seen.expires_at) == (ann.id, HERE, visit.expires_at)
    assert seen.principal == (await identity.ask(Authenticate(token=ann.token))).principal


async def test_a_pass_is_good_once(identity: Identity) -> None:
    ann = await identity.sign_up("ann@example.com")
    issued = await identity.ask(IssuePass(deployment_id=HERE), ann.now)
    tried = await asyncio.gather(
        *(identity.ask(BeginVisit(pass_token=issued.token)) for _ in range(8)), return_exceptions=True
    )
    assert [type(each) for each in tried if not isinstance(each, VisitRow)] == [Unauthenticated] * 7


async def test_a_repeated_command_gets_the_same_visit(identity: Identity) -> None:
    ann = await identity.sign_up("ann@example.com")
    command = BeginVisit(pass_token=(await identity.ask(IssuePass(deployment_id=HERE), ann.now)).token)
    id_ = new_message_id()
    first, again = [await identity.ask(command, message_id=id_) for _ in range(2)]
    assert first == again


async def test_no_token_is_taken_for_another(identity: Identity) -> None:
    ann = await identity.sign_up("ann@example.com")
    issued = await identity.ask(IssuePass(deployment_id=HERE), ann.now)
    visit = await identity.ask(BeginVisit(pass_token=issued.token))
    for token in (issued.token, visit.token):
        await refused(identity, Authenticate(token=token))
    for token in (issued.token, ann.token):
        await refused(identity, AuthenticateVisit(token=token))
    for token in (visit.token, ann.token, ann.token[:-4] + "AAAA", ""):
        await refused(identity, BeginVisit(pass_token=token))


async def test_a_visit_ends_with_its_session(identity: Identity) -> None:
    ann = await identity.sign_up("ann@example.com")
    visit = await visit_of(identity, ann)
    issued = await identity.ask(IssuePass(deployment_id=HERE), ann.now)
    await identity.ask(EndSession(session_id=visit.session_id), ann.now)
    await refused(identity, AuthenticateVisit(token=visit.token))
    await refused(identity, BeginVisit(pass_token=issued.token))
    with pytest.raises(Unauthenticated):
        await identity.ask(IssuePass(deployment_id=HERE), ann.now)


async def test_a_visit_ends_with_its_person(identity: Identity) -> None:
    ann = await identity.sign_up("ann@example.com")
    bob = await identity.join("bob@example.com")
    visit = await visit_of(identity, bob)
    await identity.ask(RemoveUser(user_id=bob.id), ann.now)
    await refused(identity, AuthenticateVisit(token=visit.token))


async def test_a_key_gets_no_pass(identity: Identity) -> None:
    ann = await identity.sign_up("ann@example.com")
    await identity.account(ann)
    with pytest.raises(Forbidden):
        await identity.ask(IssuePass(deployment_id=HERE), await identity.principal(KEY))
