"""The organization keeps an owner; workspaces, service accounts and sessions begin and end once."""

from datetime import timedelta

import pytest

from services.identity.contract import (
    CredentialCreated,
    CredentialDeleted,
    CredentialUpdated,
    DeploymentGone,
    DeploymentPlaced,
    Interface,
    OrganizationCreated,
    OrganizationOwnerAdded,
    OrganizationOwnerRemoved,
    OrganizationSigningKeyAdded,
    OrganizationSigningKeyRevoked,
    Role,
    Rule,
    SessionEnded,
    SessionStarted,
    UserId,
    VisitBegan,
    VisitId,
    WorkspaceCreated,
    WorkspaceDeleted,
    WorkspaceUpdated,
)
from services.identity.domain import credential, deployment, organization, session, visit, workspace
from services.identity.handlers.streams import CREDENTIAL, DEPLOYMENT, ORGANIZATION, SESSION, VISIT, WORKSPACE
from shared.auth import SYSTEM
from shared.errors import Unauthenticated
from tests.unit.identity import examples as x
from tests.unit.identity.examples import ANN, BOB, HERE, LATER, NOW
from tests.unit.identity.scenario import Scenario

FOUNDED = OrganizationCreated(organization_id=x.ORGANIZATION, name="Flight School", created_at=NOW)
KEY_ADDED = OrganizationSigningKeyAdded(organization_id=x.ORGANIZATION, key_id="k2", signs_from=LATER, added_at=NOW)
KEY_REVOKED = OrganizationSigningKeyRevoked(organization_id=x.ORGANIZATION, key_id="k1", revoked_at=LATER)
MADE = WorkspaceCreated(workspace_id=x.WORKSPACE, label="Main", description="", created_at=NOW)
GONE = WorkspaceDeleted(workspace_id=x.WORKSPACE, deleted_at=LATER)
RENAMED = WorkspaceUpdated(workspace_id=x.WORKSPACE, label="Other", description="", updated_at=LATER)
PLACED = DeploymentPlaced(deployment_id=x.DEPLOYMENT, workspace_id=x.WORKSPACE, placed_at=NOW)
LEFT = DeploymentGone(deployment_id=x.DEPLOYMENT, workspace_id=x.WORKSPACE, gone_at=LATER)
ACCOUNT = CredentialCreated(
    credential_id=x.CREDENTIAL,
    label="ci",
    category="",
    entity=HERE,
    role=Role.WORKSPACE_EDITOR,
    key_digest="d1",
    key_masked="abcdef**",
    created_at=NOW,
)
ACCOUNT_CHANGED = CredentialUpdated(
    credential_id=x.CREDENTIAL, label="cd", category="build", role=Role.WORKSPACE_VIEWER, updated_at=LATER
)
ACCOUNT_GONE = CredentialDeleted(credential_id=x.CREDENTIAL, deleted_at=LATER)
BEGUN = SessionStarted(
    session_id=x.SESSION, user_id=ANN, key_id="k1", issued_at=NOW, expires_at=NOW + timedelta(days=1)
)
VISIT_BEGAN = VisitBegan(
    visit_id=VisitId("cvisit000000000000000000a"),
    session_id=x.SESSION,
    user_id=ANN,
    deployment_id=x.DEPLOYMENT,
    key_id="k1",
    began_at=NOW,
    expires_at=NOW + timedelta(hours=12),
)
ENDED = SessionEnded(session_id=x.SESSION, user_id=ANN, reason="user_removed", ended_at=LATER)


def added(user_id: UserId) -> OrganizationOwnerAdded:
    return OrganizationOwnerAdded(organization_id=x.ORGANIZATION, user_id=user_id, added_at=NOW)


def removed(user_id: UserId) -> OrganizationOwnerRemoved:
    return OrganizationOwnerRemoved(organization_id=x.ORGANIZATION, user_id=user_id, removed_at=LATER)


def test_signing_keys_are_noted_when_they_come_and_once_when_they_go() -> None:
    add = organization.AddSigningKey(key_id="k2", signs_from=LATER, now=NOW)
    Scenario(ORGANIZATION).given(FOUNDED).when(add).then(KEY_ADDED)
    revoke = organization.RevokeSigningKey(key_id="k1", now=LATER)
    Scenario(ORGANIZATION).given(FOUNDED, KEY_ADDED).when(revoke).then(KEY_REVOKED)
    Scenario(ORGANIZATION).given(FOUNDED, KEY_ADDED, KEY_REVOKED).when(revoke).then()


def test_the_organization_is_made_once() -> None:
    create = organization.Create(organization_id=x.ORGANIZATION, name="Flight School", now=NOW)
    Scenario(ORGANIZATION).when(create).then(FOUNDED)
    Scenario(ORGANIZATION).given(FOUNDED).when(create).then_rejected("")


def test_owners_come_and_go_but_the_last_one_stays() -> None:
    owned = Scenario(ORGANIZATION).given(FOUNDED, added(ANN))
    owned.when(organization.AddOwner(user_id=BOB, now=NOW)).then(added(BOB))
    owned.when(organization.AddOwner(user_id=ANN, now=NOW)).then()
    owned.when(organization.RemoveOwner(user_id=BOB, now=LATER)).then()
    owned.when(organization.RemoveOwner(user_id=ANN, now=LATER)).then_rejected(Rule.LAST_ADMIN)
    owned.when(organization.RemoveOwner(user_id=ANN, now=LATER, forgotten=True)).then(removed(ANN))
    both = owned.given(added(BOB))
    both.when(organization.RemoveOwner(user_id=ANN, now=LATER)).then(removed(ANN))
    both.given(removed(ANN)).when(organization.RemoveOwner(user_id=BOB, now=LATER)).then_rejected(Rule.LAST_ADMIN)


def test_a_workspace_is_made_changed_and_deleted() -> None:
    place = Scenario(WORKSPACE)
    place.when(workspace.Create(workspace_id=x.WORKSPACE, label="Main", description="", now=NOW)).then(MADE)
    rename = workspace.Update(workspace_id=x.WORKSPACE, label="Other", description=None, now=LATER)
    place.given(MADE).when(rename).then(RENAMED)
    place.given(MADE, RENAMED).when(rename).then()
    place.given(MADE, RENAMED).when(workspace.Delete(workspace_id=x.WORKSPACE, now=LATER)).then(GONE)


@pytest.mark.parametrize("history", [(), (MADE, GONE)])
def test_what_is_no_workspace_is_not_changed(history: tuple[WorkspaceCreated | WorkspaceDeleted, ...]) -> None:
    place = Scenario(WORKSPACE).given(*history)
    place.when(workspace.Delete(workspace_id=x.WORKSPACE, now=LATER)).then_not_found()
    rename = workspace.Update(workspace_id=x.WORKSPACE, label="Other", description=None, now=LATER)
    place.when(rename).then_not_found()


def test_a_deletion_that_somebody_else_finished_is_right_too() -> None:
    again = workspace.Delete(workspace_id=x.WORKSPACE, now=LATER, again=True)
    Scenario(WORKSPACE).given(MADE, GONE).when(again).then()
    Scenario(WORKSPACE).when(again).then_not_found()


def test_a_deployment_lives_in_one_workspace_until_it_is_gone() -> None:
    stream = Scenario(DEPLOYMENT)
    place = deployment.Place(x.DEPLOYMENT, x.WORKSPACE, NOW)
    end = deployment.End(x.DEPLOYMENT, LATER)
    stream.when(place).then(PLACED)
    stream.given(PLACED).when(place).then()
    stream.given(PLACED).when(end).then(LEFT)
    stream.given(PLACED, LEFT).when(end).then()
    stream.given(PLACED, LEFT).when(place).then()
    stream.when(end).then()


def test_a_service_account_is_made_and_deleted() -> None:
    account = Scenario(CREDENTIAL)
    create = credential.Create(
        credential_id=x.CREDENTIAL,
        label="ci",
        category="",
        entity=HERE,
        role=Role.WORKSPACE_EDITOR,
        key_digest="d1",
        key_masked="abcdef**",
        now=NOW,
    )
    delete = credential.Delete(credential_id=x.CREDENTIAL, now=LATER)
    account.when(create).then(ACCOUNT)
    account.given(ACCOUNT).when(delete).then(ACCOUNT_GONE)
    account.given(ACCOUNT, ACCOUNT_GONE).when(delete).then_not_found()
    account.when(delete).then_not_found()


@pytest.mark.parametrize(
    ("entity", "role"),
    [(HERE, Role.SYSTEM_ADMIN), (SYSTEM, Role.WORKSPACE_ADMIN), (HERE, Role.USER), (HERE, Role.DEPLOYMENT_ADMIN)],
)
def test_a_service_account_has_a_role_of_its_entity(entity: str, role: Role) -> None:
    create = credential.Create(
        credential_id=x.CREDENTIAL,
        label="ci",
        category="",
        entity=entity,
        role=role,
        key_digest="d1",
        key_masked="abcdef**",
        now=NOW,
    )
    Scenario(CREDENTIAL).when(create).then_rejected(Rule.ROLE_ENTITY_MISMATCH)


def changing(**wish: object) -> credential.Update:
    wanted = {"label": None, "category": None, "role": None, "interface": Interface.GRAPHQL, **wish}
    return credential.Update(credential_id=x.CREDENTIAL, now=LATER, **wanted)  # type: ignore[arg-type]


def test_texts_and_role_of_a_service_account_are_changed_one_by_one_or_together() -> None:
    account = Scenario(CREDENTIAL).given(ACCOUNT)
    account.when(changing(label="cd", category="build", role=Role.WORKSPACE_VIEWER)).then(ACCOUNT_CHANGED)
    renamed = ACCOUNT_CHANGED.model_copy(update={"category": "", "role": Role.WORKSPACE_EDITOR})
    account.when(changing(label="cd")).then(renamed)
    account.when(changing()).then()
    account.given(ACCOUNT_CHANGED).when(changing(label="cd", category="build")).then()
    account.when(changing(role=Role.SYSTEM_ADMIN)).then_rejected(Rule.ROLE_ENTITY_MISMATCH)
    account.given(ACCOUNT_GONE).when(changing(label="cd")).then_not_found()
    assert account.given(ACCOUNT_CHANGED).state.key_digest == "d1"


def test_writing_back_the_shown_role_of_a_service_account_changes_nothing() -> None:
    author = ACCOUNT.model_copy(update={"role": Role.WORKSPACE_AUTHOR})
    account = Scenario(CREDENTIAL).given(author)
    account.when(changing(role=Role.WORKSPACE_EDITOR)).then()
    changed = ACCOUNT_CHANGED.model_copy(update={"label": "ci", "category": "", "role": Role.WORKSPACE_EDITOR})
    account.when(changing(role=Role.WORKSPACE_EDITOR, interface=Interface.REST)).then(changed)


@pytest.mark.parametrize(("asked", "days"), [(None, 1), (-3, 1), (0, 1), (1, 1), (7, 7), (8, 7), (10_000, 7)])
def test_a_session_lasts_one_to_seven_days(asked: int | None, days: int) -> None:
    start = session.Start(
        session_id=x.SESSION, user_id=ANN, key_id="k1", days=asked, now=NOW + timedelta(microseconds=77)
    )
    Scenario(SESSION).when(start).then(BEGUN.model_copy(update={"expires_at": NOW + timedelta(days=days)}))


def test_a_session_ends_once() -> None:
    end = session.End(session_id=x.SESSION, reason="user_removed", now=LATER)
    Scenario(SESSION).given(BEGUN).when(end).then(ENDED)
    Scenario(SESSION).given(BEGUN, ENDED).when(end).then()
    Scenario(SESSION).when(end).then()


@pytest.mark.parametrize(("session_lasts", "lasts"), [(timedelta(days=1), 12), (timedelta(hours=3), 3)])
def test_a_visit_begins_once_and_ends_with_its_session(session_lasts: timedelta, lasts: int) -> None:
    begin = visit.Begin(
        visit_id=VISIT_BEGAN.visit_id,
        session_id=x.SESSION,
        user_id=ANN,
        deployment_id=x.DEPLOYMENT,
        key_id="k1",
        generation=0,
        session_expires_at=NOW + session_lasts,
        now=NOW + timedelta(microseconds=77),
    )
    began = VISIT_BEGAN.model_copy(update={"expires_at": NOW + timedelta(hours=lasts)})
    Scenario(VISIT).when(begin).then(began)
    with pytest.raises(Unauthenticated):
        VISIT.decide(begin, VISIT.evolve(VISIT.initial, began))
