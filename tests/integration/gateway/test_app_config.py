"""What clients are told before they sign in. Source: houston.md, section 5.2."""

from typing import Any

from tests.integration.gateway.doors import Door, open_door
from tests.servers import NatsForTests

EVERY_FIELD = (
    "version baseDomain byoUpdateRegistryHost smtpConfigured manualReleaseNames configureDagDeployment "
    "nfsMountDagDeployment manualNamespaceNames hardDeleteDeployment triggererEnabled featureFlags"
)
ASK = (
    "query AppConfig($c: Uuid, $w: Uuid, $d: Uuid) { appConfig(clusterId: $c, workspaceUuid: $w, deploymentUuid: $d) "
    f"{{ {EVERY_FIELD} }} }}"
)


async def test_anybody_is_told_what_is_offered_even_while_no_service_runs(alone: Door) -> None:
    answer = await alone.run(ASK, c="", w="", d="")
    assert "errors" not in answer
    assert answer["data"]["appConfig"] == {
        "version": "0.37.6",
        "baseDomain": "127.0.0.1",
        "byoUpdateRegistryHost": "",
        "smtpConfigured": False,
        "manualReleaseNames": False,
        "configureDagDeployment": True,
        "nfsMountDagDeployment": False,
        "manualNamespaceNames": False,
        "hardDeleteDeployment": True,
        "triggererEnabled": True,
        "featureFlags": {
            "nfsMountDagDeployment": False,
            "hardDeleteDeployment": True,
            "manualNamespaceNames": False,
            "triggererEnabled": True,
            "gitSyncDagDeployment": False,
            "namespaceFreeFormEntry": False,
            "byoUpdateRegistryEnabled": False,
            "astroRuntimeEnabled": True,
            "dagOnlyDeployment": True,
        },
    }


async def test_settings_are_told_as_they_are(nats_server: NatsForTests) -> None:
    told: dict[str, Any] = {
        "public_url": "https://Aerodrome.example.com:8443/",
        "houston_version": "2.1.0",
        "manual_release_names": True,
        "smtp_host": "mail.example.com",
    }
    async with open_door(nats_server, **told) as door:
        answer = await door.run("{ appConfig { version baseDomain manualReleaseNames smtpConfigured } }", "no token")
    assert answer["data"]["appConfig"] == {
        "version": "2.1.0",
        "baseDomain": "aerodrome.example.com",
        "manualReleaseNames": True,
        "smtpConfigured": True,
    }


async def test_dag_files_are_offered_where_the_driver_takes_them(nats_server: NatsForTests) -> None:
    for driver, takes in (("local", True), ("kubernetes", False)):
        async with open_door(nats_server, driver=driver) as door:
            answer = await door.run("{ appConfig { configureDagDeployment featureFlags } }", "no token")
        found = answer["data"]["appConfig"]
        assert (found["configureDagDeployment"], found["featureFlags"]["dagOnlyDeployment"]) == (takes, takes)
