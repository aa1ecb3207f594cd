"""The short profiles of who did something: people, and machines by their names."""

from collections.abc import Iterable, Mapping

from services.gateway.iam.call import Call
from services.gateway.iam.models import BasicSubjectProfile, SubjectType
from services.identity.contract import CredentialId, LoadUsers, ServiceAccounts, UserId, UserRow
from shared.auth import PrincipalKind
from shared.errors import Forbidden
from shared.messages import MOST_ROWS

Subject = tuple[str, str]
"""A kind of principal, and its id."""


def person(row: UserRow) -> BasicSubjectProfile:
    """Return the profile of a person; no name until one is known."""
    return BasicSubjectProfile(
        id=row.id,
        subject_type=SubjectType.USER,
        username=row.email,
        full_name=row.full_name or None,
        avatar_url=row.avatar_url,
    )


async def profiles(call: Call, subjects: Iterable[Subject]) -> Mapping[Subject, BasicSubjectProfile]:
    """Return the profiles of subjects; of those who are gone, or not to be seen, the id alone with its type."""
    wanted = dict.fromkeys(subjects)
    found = {
        subject: BasicSubjectProfile(
            id=subject[1],
            subject_type=SubjectType.USER if subject[0] == PrincipalKind.USER else SubjectType.SERVICEKEY,
        )
        for subject in wanted
    }
    for row in await _people(call, [id_ for kind, id_ in wanted if kind == PrincipalKind.USER]):
        found[PrincipalKind.USER, row.id] = person(row)
    machines = [CredentialId(id_) for kind, id_ in wanted if kind == PrincipalKind.SERVICE_ACCOUNT]
    for start in range(0, len(machines), MOST_ROWS):
        try:
            rows = (await call.ask(ServiceAccounts(ids=tuple(machines[start : start + MOST_ROWS])))).rows
        except Forbidden:
            break  # who may not see machines is shown their ids
        for account in rows:
            found[PrincipalKind.SERVICE_ACCOUNT, account.id] = BasicSubjectProfile(
                id=account.id, subject_type=SubjectType.SERVICEKEY, api_token_name=account.label
            )
    return found


async def _people(call: Call, ids: list[str]) -> list[UserRow]:
    rows: list[UserRow] = []
    for start in range(0, len(ids), MOST_ROWS):
        question = LoadUsers(ids=tuple(map(UserId, ids[start : start + MOST_ROWS])), with_roles=False)
        while True:
            page = await call.ask(question)
            rows += page.rows
            if not page.more:
                break
            question = question.model_copy(update={"after_id": page.rows[-1].id})
    return rows
