"""What crosses the wire: no secret in a digest, a text of an error or a published event."""

import inspect
import json
from typing import Any

import pytest
from pydantic import ValidationError

from services.identity import contract
from services.identity.app import APP
from services.identity.contract import EVENTS, CreateServiceAccount, RegisterUser, SignIn
from services.identity.domain.events import STORED, UserEvent
from shared.messages import Ask, Command, Message, Query
from shared.store.personal import personal_fields, public_json
from tests.unit.identity import examples as x

ASKS: list[type[Ask[Any]]] = [
    each for _, each in inspect.getmembers(contract, inspect.isclass) if issubclass(each, Ask)
]


@pytest.mark.parametrize("ask", ASKS)
def test_every_message_names_its_subject_and_its_answer(ask: type[Ask[Any]]) -> None:
    kind = "command" if issubclass(ask, Command) else "query"
    assert issubclass(ask, Command | Query)
    assert ask.subject.startswith(f"identity.{kind}.")
    assert issubclass(ask.answer_type(), Message)


def test_subjects_differ() -> None:
    assert len({ask.subject for ask in ASKS}) == len(ASKS)


def test_secrets_are_no_part_of_the_wish_nor_of_the_text_of_a_message() -> None:
    secret = "d00df00dd00df00dd00df00dd00df00d"
    for command in (
        RegisterUser(email="ann@example.com", password=secret, bootstrap_token=secret),
        SignIn(identity="ann@example.com", password=secret),
        CreateServiceAccount(label="ci", entity="system", key=secret),
    ):
        assert secret not in command.wish()
        assert secret not in repr(command)


def test_a_wish_is_the_same_with_other_generated_fields() -> None:
    assert SignIn(identity="ann", password="a").wish() == SignIn(identity="ann", password="b").wish()
    assert SignIn(identity="ann", password="a").wish() != SignIn(identity="bob", password="a").wish()


def test_a_malformed_command_does_not_repeat_what_was_sent() -> None:
    with pytest.raises(ValidationError) as refused:
        SignIn.model_validate({"identity": "ann@example.com", "password": ["the secret"], "extra": "another secret"})
    assert "secret" not in str(refused.value)


def test_what_is_stored_is_what_is_published_and_personal_data_besides() -> None:
    published = {event.type_name: set(event.model_fields) for event in EVENTS}
    for stored in STORED:
        assert set(stored.model_fields) - set(personal_fields(stored)) == published[stored.type_name]
    assert {event.type_name for event in STORED} == set(published)


@pytest.mark.parametrize("event", [x.REGISTERED, x.INVITED, x.ACTIVATED, x.NEW_PASSWORD, x.NEW_NAME])
def test_nothing_personal_is_published(event: UserEvent) -> None:
    text = public_json(event)
    published = {each.type_name: each for each in EVENTS}[event.type_name]
    published.model_validate_json(text)
    for personal in ("ann", "Ann", "argon2", "lee", "pictures"):
        assert personal not in json.dumps([value for key, value in json.loads(text).items() if key != "user_id"])


def test_personal_data_is_under_the_key_of_the_person() -> None:
    for event in (x.REGISTERED, x.INVITED, x.ACTIVATED, x.NEW_PASSWORD, x.NEW_NAME):
        assert APP.types.people(event) == {x.ANN}
