"""DAG files sent by HTTP: whose, how big, how often, and what is no bundle. Source: houston.md, section 7.10."""

import asyncio
import hashlib
import io
import os
import tarfile
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
import pytest

from services.deployments.contract import BUNDLES, BUNDLES_STREAM, DeployDags, DeploymentId
from services.gateway.bundles import MOST_AT_ONCE
from shared.ids import new_id
from tests.integration.bus import bus_of
from tests.integration.gateway.whole import Aerodrome

pytestmark = pytest.mark.asyncio(loop_scope="module")

MINE = (
    "query ($d: String) { deployment(where: {id: $d}) { urls { type url } "
    "dagBundles { version files active description } } }"
)
BACK = (
    "mutation ($d: Uuid!, $v: Int!) { activateDagBundle(deploymentUuid: $d, version: $v) "
    "{ dagBundles { version active } } }"
)


def bundle(**files: bytes) -> bytes:
    """Return a tar.gz of files below `dags/`, the same for the same files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as made:
        for name, data in files.items():
            info = tarfile.TarInfo(f"dags/{name}.py")
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
    whole = bytearray(packed.getvalue())
    whole[4:8] = bytes(4)  # the time of packing
    return bytes(whole)


async def created(aerodrome: Aerodrome) -> str:
    """Return the id of a new deployment."""
    workspace = (await aerodrome.data('mutation { createWorkspace(label: "x") { id } }', aerodrome.admin))["id"]
    wish = "mutation ($w: Uuid!, $l: String!) { createDeployment(workspaceUuid: $w, label: $l) { id } }"
    made: str = (await aerodrome.data(wish, aerodrome.admin, w=workspace, l=new_id()))["id"]
    return made


async def send(
    aerodrome: Aerodrome, deployment: str, data: bytes | None, *, token: str | None = None, **fields: str
) -> tuple[int, Any]:
    """Send a bundle as the command line does and return status and body of the answer."""
    form = aiohttp.FormData(default_to_multipart=True)
    for name, value in fields.items():
        form.add_field(name, value)
    if data is not None:
        form.add_field("file", io.BytesIO(data), filename="dags.tar.gz", content_type="application/gzip")
    door = aerodrome.door
    address = f"{door.url}/v1/deployments/{deployment}/dags"
    headers = {"authorization": aerodrome.admin if token is None else token}
    async with door.session.post(address, data=form, headers=headers) as answer:
        return answer.status, await answer.json()


async def test_a_bundle_is_the_next_version_and_the_same_content_the_same_one(aerodrome: Aerodrome) -> None:
    id_ = await created(aerodrome)
    status, first = await send(aerodrome, id_, bundle(a=b"1", b=b"2"), description="the first")
    assert (status, first["version"], first["files"], first["deployment"]) == (200, 1, 2, id_)
    assert (await send(aerodrome, id_, bundle(a=b"1", b=b"2")))[1]["version"] == 1
    assert (await send(aerodrome, id_, bundle(a=b"3")))[1]["version"] == 2
    shown = await aerodrome.data(MINE, aerodrome.admin, d=id_)
    assert shown["dagBundles"] == [
        {"version": 1, "files": 2, "active": False, "description": "the first"},
        {"version": 2, "files": 1, "active": True, "description": ""},
    ]
    back = await aerodrome.data(BACK, aerodrome.admin, d=id_, v=1)
    assert [each["active"] for each in back["dagBundles"]] == [True, False]
    (url,) = [each for each in shown["urls"] if each["type"] == "dagserver"]
    assert (url["type"], url["url"].endswith(f"/v1/deployments/{id_}/dags")) == ("dagserver", True)


async def test_a_big_bundle_arrives(aerodrome: Aerodrome) -> None:
    status, answer = await send(aerodrome, await created(aerodrome), bundle(a=os.urandom(8 * 2**20)))
    assert (status, answer["files"]) == (200, 1)


async def test_who_may_not_is_refused_without_401_or_403(aerodrome: Aerodrome) -> None:
    id_ = await created(aerodrome)
    _, stranger = await aerodrome.make_user(f"{new_id()}@example.com")
    for token, status, code in (
        ("", 400, "FORBIDDEN"),
        ("nonsense", 400, "FORBIDDEN"),
        (stranger, 404, "RESOURCE_NOT_FOUND"),
    ):
        found, answer = await send(aerodrome, id_, bundle(a=b"1"), token=token)
        assert (found, answer["errors"][0]["extensions"]["code"]) == (status, code)
    assert (await send(aerodrome, new_id(), bundle(a=b"1")))[0] == 404
    assert (await aerodrome.data(MINE, aerodrome.admin, d=id_))["dagBundles"] == []


@pytest.mark.parametrize(
    ("data", "fields", "told"),
    [
        (b"text", {}, "The bundle is no tar.gz or zip that can be read"),
        (None, {}, "The bundle is missing: the form has no field `file`"),
        (None, {"other": "x"}, "The bundle comes with a field that is neither"),
        (bundle(a=b"1"), {"description": "x" * 5000}, "The bundle has a description that is too long"),
    ],
)
async def test_what_is_no_bundle_is_refused(
    aerodrome: Aerodrome, data: bytes | None, fields: dict[str, str], told: str
) -> None:
    id_ = await created(aerodrome)
    status, answer = await send(aerodrome, id_, data, **fields)
    error = answer["errors"][0]
    assert (status, error["extensions"]["code"], error["message"][: len(told)]) == (400, "BAD_USER_INPUT", told)
    assert (await aerodrome.data(MINE, aerodrome.admin, d=id_))["dagBundles"] == []


async def test_a_bundle_over_64_mib_is_refused(aerodrome: Aerodrome) -> None:
    status, answer = await send(aerodrome, await created(aerodrome), bytes(64 * 2**20 + 1))
    assert (status, answer["errors"][0]["message"]) == (413, "A bundle may have at most 64 MiB")


async def test_a_body_that_is_no_form_is_refused(aerodrome: Aerodrome) -> None:
    door, id_ = aerodrome.door, await created(aerodrome)
    headers = {"authorization": aerodrome.admin}
    async with door.session.post(f"{door.url}/v1/deployments/{id_}/dags", data=b"x", headers=headers) as answer:
        assert answer.status == 400
        assert "multipart/form-data" in (await answer.json())["errors"][0]["message"]


async def waiting_bytes(aerodrome: Aerodrome) -> int:
    """Return how many bytes lie in the object store."""
    async with bus_of(aerodrome.installation.nats, "deployments") as bus:
        info = await bus.stream(BUNDLES_STREAM).jetstream().stream_info(BUNDLES_STREAM)
        return info.state.bytes


async def test_what_was_looked_at_does_not_stay_on_the_way(aerodrome: Aerodrome) -> None:
    id_ = await created(aerodrome)
    _, stranger = await aerodrome.make_user(f"{new_id()}@example.com")
    before = await waiting_bytes(aerodrome)
    assert (await send(aerodrome, id_, os.urandom(2**20), token=stranger))[0] == 404
    assert (await send(aerodrome, id_, os.urandom(2**20)))[0] == 400
    assert (await send(aerodrome, id_, bundle(a=os.urandom(2**20))))[0] == 200
    assert await waiting_bytes(aerodrome) - before < 2**14


async def test_a_bundle_is_still_on_the_way_when_its_command_is_repeated(aerodrome: Aerodrome) -> None:
    data, name = bundle(a=b"1"), new_id()
    async with bus_of(aerodrome.installation.nats, "gateway") as bus:
        objects = await bus.stream(BUNDLES_STREAM).jetstream().object_store(BUNDLES)
        await objects.put(name, data)
    for _ in range(2):
        command = DeployDags(
            deployment_id=DeploymentId(await created(aerodrome)),
            object_name=name,
            sha256=hashlib.sha256(data).hexdigest(),
            size=len(data),
        )
        row = await aerodrome.installation.ask(command, aerodrome.installation.admin)
        assert row.active_bundle == 1


async def test_one_who_sends_slowly_leaves_places_to_others(aerodrome: Aerodrome) -> None:
    id_, over = await created(aerodrome), asyncio.Event()
    _, stranger = await aerodrome.make_user(f"{new_id()}@example.com")
    refused = asyncio.Semaphore(0)

    async def slow() -> AsyncGenerator[bytes]:
        yield b"--x\r\n"
        await over.wait()

    async def send_slowly() -> None:
        headers = {"authorization": stranger, "content-type": "multipart/form-data; boundary=x"}
        address = f"{aerodrome.door.url}/v1/deployments/{id_}/dags"
        async with aiohttp.ClientSession() as session, session.post(address, data=slow(), headers=headers) as answer:
            assert answer.status == (400 if over.is_set() else 503)
            refused.release()

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        for _ in range(MOST_AT_ONCE):
            group.create_task(send_slowly())
        for _ in range(MOST_AT_ONCE // 2):
            await refused.acquire()
        assert (await send(aerodrome, id_, bundle(a=b"1")))[0] == 200
        over.set()
