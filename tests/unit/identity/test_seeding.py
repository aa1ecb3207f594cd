"""What is seeded: the same at every run, in the form that the handlers would have stored, and fit to be measured on."""

from collections import Counter

from services.identity.contract import Role, addresses, fits
from services.identity.domain import texts
from services.identity.secrets.passwords import COMMON
from services.identity.seeding import PASSWORD, Sizes
from services.identity.seeding.plan import account, person, place, squad
from shared.auth import SYSTEM

SIZES = Sizes(users=2000, workspaces=100, service_accounts=300, teams=20)
PEOPLE = [person(n, SIZES) for n in range(SIZES.users)]
ACCOUNTS = [account(n, SIZES) for n in range(SIZES.service_accounts)]


def test_the_same_is_seeded_at_every_run() -> None:
    assert [person(n, SIZES) for n in range(SIZES.users)] == PEOPLE
    assert [account(n, SIZES) for n in range(SIZES.service_accounts)] == ACCOUNTS


def test_no_two_people_have_one_name_also_of_two_runs() -> None:
    both = [*PEOPLE, *(person(n, SIZES, first=SIZES.users) for n in range(SIZES.users))]
    for names in ([each.email for each in both], [each.username.lower() for each in both]):
        assert len(set(names)) == 2 * SIZES.users


def test_texts_stand_in_the_form_that_is_stored() -> None:
    for each in PEOPLE:
        assert addresses.email_address(each.email) == each.email
        assert texts.username(each.username, email=each.email) == each.username
        assert texts.short_text("full name", each.full_name) == each.full_name
    for label in [place(n).label for n in range(SIZES.workspaces)] + [each.label for each in ACCOUNTS]:
        assert texts.label(label) == label
    texts.check_password(PASSWORD, common=COMMON)


def test_every_workspace_has_an_administrator_and_one_has_very_many_members() -> None:
    members = Counter(number for each in PEOPLE for number in each.places)
    led = {number for each in PEOPLE for number, role in each.places.items() if role is Role.WORKSPACE_ADMIN}
    assert led == set(range(SIZES.workspaces))
    assert members[0] >= SIZES.users // 10
    assert max(len(each.places) for each in PEOPLE) >= SIZES.workspaces // 10


def test_few_people_lead_where_there_are_fewer_people_than_workspaces() -> None:
    sizes = Sizes(users=3, workspaces=10, service_accounts=0)
    led = [{number for number, role in person(n, sizes).places.items() if role is Role.WORKSPACE_ADMIN} for n in (0, 1)]
    assert led[0] >= {0, 3, 6, 9}
    assert led[1] >= {1, 4, 7}


def test_roles_fit_what_they_are_held_on() -> None:
    for made in ACCOUNTS:
        assert fits(made.role, SYSTEM if made.place is None else f"workspace:{made.place}")
        assert made.place is None or made.place < SIZES.workspaces
    for each in PEOPLE:
        assert all(fits(role, f"workspace:{number}") for number, role in each.places.items())
        assert each.role is None or fits(each.role, SYSTEM)


def test_without_workspaces_there_are_people_and_accounts_of_the_system() -> None:
    sizes = Sizes(users=10, workspaces=0, service_accounts=10)
    assert not any(person(n, sizes).places for n in range(10))
    assert all(account(n, sizes).place is None for n in range(10))


def test_teams_have_people_and_roles_on_workspaces_and_one_is_big() -> None:
    teams = [squad(n, SIZES) for n in range(SIZES.teams)]
    assert [squad(n, SIZES) for n in range(SIZES.teams)] == teams
    assert len(teams[0].members) >= SIZES.users // 2
    for each in teams:
        assert texts.label(each.name) == each.name
        assert each.members
        assert set(each.members) <= set(range(SIZES.users))
        assert all(fits(role, f"workspace:{number}") for number, role in each.places.items())
