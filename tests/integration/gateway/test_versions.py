"""Clients of every version get what they ask of deployments. Source: houston.md, sections 5.4 and 5.5."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from shared.ids import new_id
from tests.contract.versions import ADOPTION, VERSIONS, Form, sent_to
from tests.integration.gateway.whole import Aerodrome

pytestmark = pytest.mark.asyncio(loop_scope="module")

CREATE = 'mutation ($w: Uuid!) { createDeployment(workspaceUuid: $w, label: "nightly") { id releaseName } }'


async def things_of(aerodrome: Aerodrome) -> dict[str, str]:
    """Return the things that documents name, of a new deployment."""
    workspace = await aerodrome.make_workspace()
    made = await aerodrome.data(CREATE, aerodrome.admin, w=workspace)
    return {"<workspace>": workspace, "<deployment>": made["id"], "<release>": made["releaseName"]}


def filled(variables: Mapping[str, Any], things: Mapping[str, str]) -> Any:
    """Return variables with things in the place of their names."""
    text = json.dumps(dict(variables))
    for name, thing in {**things, "<new>": new_id()}.items():
        text = text.replace(name, thing)
    return json.loads(text)


async def answer_to(aerodrome: Aerodrome, form: Form, things: Mapping[str, str]) -> dict[str, Any]:
    """Return the whole answer to a document with its variables."""
    body = {"query": form.document, "variables": filled(form.variables, things)}
    _, answer = await aerodrome.door.post(body, headers={"Authorization": aerodrome.admin})
    found: dict[str, Any] = answer
    return found


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_client_of_this_version_is_answered(aerodrome: Aerodrome, version: str) -> None:
    things = await things_of(aerodrome)
    for purpose, form in sent_to(version).items():
        answer = await answer_to(aerodrome, form, things)
        assert "errors" not in answer, (purpose, answer["errors"])
        assert None not in answer["data"].values(), purpose


@pytest.mark.parametrize("form", ADOPTION.values(), ids=ADOPTION)
async def test_adoption_is_refused_in_words(aerodrome: Aerodrome, form: Form) -> None:
    (error,) = (await answer_to(aerodrome, form, await things_of(aerodrome)))["errors"]
    assert error["message"].startswith("Deployments can't be adopted here: no driver")
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
