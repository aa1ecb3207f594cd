"""What each process of `up` gets to know, and how the supervisor is told to run it."""

import configparser
import dataclasses
import json
import shlex
import stat
from pathlib import Path

import pytest

from services.cli.folder import CannotStart, DataFolder
from services.cli.plan import SETTINGS, Plan, Program, check_settings, environment, make_plan
from services.cli.supervise import Supervisor
from services.cli.up import TAIL_LINES, tail
from services.deployments.runner.roles import AIRFLOWS_ROLE, RUNNER_ROLE
from services.nats_users import SERVICES
from shared.servers.process import Launch
from shared.settings import PREFIX

OUTSIDE = {
    "PATH": "/usr/bin",
    "AWS_SECRET_ACCESS_KEY": "not ours",
    "AERODROME_BOOTSTRAP_TOKEN": "first",
    "AERODROME_LOG_LEVEL": "DEBUG",
    "AERODROME_DATABASE_URL": "postgresql://elsewhere",
}


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """The plan of a first run in an empty folder."""
    folder = DataFolder(tmp_path / "data")
    folder.prepare()
    return make_plan(folder, port=8871, outside=OUTSIDE)


def test_a_process_knows_no_secret_of_another(plan: Plan) -> None:
    secrets = plan.secrets
    own = {
        name: {secrets.nats[name], *((secrets.apps[name], secrets.master_keys[name]) if name in SERVICES else ())}
        for name in (*SERVICES, "gateway")
    }
    runner = {secrets.apps[role] for role in (RUNNER_ROLE, AIRFLOWS_ROLE)}
    own["runner"] = {secrets.nats["runner"], secrets.master_keys["deployments"], *runner}
    every = {secrets.postgres, *secrets.owners.values(), *secrets.apps.values(), *secrets.nats.values()}
    every |= set(secrets.master_keys.values())
    for name, mine in own.items():
        text = "\n".join(environment(plan, name, OUTSIDE).values())
        assert {secret for secret in every if secret in text} == mine


def test_secrets_of_an_older_version_are_kept_and_completed(plan: Plan) -> None:
    path = plan.folder.path / "secrets.json"
    older = json.loads(path.read_text(encoding="utf-8"))
    del older["nats"]["runner"], older["apps"][RUNNER_ROLE], older["apps"][AIRFLOWS_ROLE]
    path.write_text(json.dumps(older), encoding="utf-8")

    completed = plan.folder.secrets()

    assert completed.nats["runner"] not in {"", plan.secrets.nats["runner"]}
    assert completed.nats.items() >= older["nats"].items()
    assert completed.apps.items() >= older["apps"].items()
    assert plan.folder.secrets() == completed


def test_settings_of_the_shell_reach_only_who_knows_them(plan: Plan) -> None:
    identity, gateway = environment(plan, "identity", OUTSIDE), environment(plan, "gateway", OUTSIDE)
    assert identity["AERODROME_BOOTSTRAP_TOKEN"] == "first"
    assert "AERODROME_BOOTSTRAP_TOKEN" not in gateway
    assert gateway["AERODROME_LOG_LEVEL"] == "DEBUG"
    assert "AWS_SECRET_ACCESS_KEY" not in identity


def test_where_a_cluster_is_reaches_who_drives_it_alone(plan: Plan) -> None:
    outside = {**OUTSIDE, "AERODROME_DRIVER": "kubernetes", "KUBECONFIG": "/mine", "HELM_CACHE_HOME": "/cache"}
    found = environment(plan, "deployments", outside)
    assert (found["KUBECONFIG"], found["HELM_CACHE_HOME"]) == ("/mine", "/cache")
    assert "AWS_SECRET_ACCESS_KEY" not in found
    assert "KUBECONFIG" not in environment(plan, "identity", outside)
    assert "KUBECONFIG" not in environment(plan, "deployments", {**outside, "AERODROME_DRIVER": "simulated"})


def test_what_up_decides_the_shell_can_not_change(plan: Plan) -> None:
    assert "elsewhere" not in environment(plan, "identity", OUTSIDE)["AERODROME_DATABASE_URL"]


def test_a_mail_server_of_their_own_replaces_the_catcher(plan: Plan) -> None:
    outside = {"AERODROME_SMTP_HOST": "mail.example.com", "AERODROME_SMTP_PORT": "587"}
    invites = environment(plan, "invites", outside)
    assert (invites["AERODROME_SMTP_HOST"], invites["AERODROME_SMTP_PORT"]) == ("mail.example.com", "587")
    assert environment(plan, "gateway", outside)["AERODROME_SMTP_HOST"] == "mail.example.com"


def test_the_gateway_tells_of_no_mail_server_where_there_is_a_catcher(plan: Plan) -> None:
    assert "AERODROME_SMTP_HOST" not in environment(plan, "gateway", OUTSIDE)


def test_release_names_by_hand_are_known_to_who_takes_them_and_to_who_tells_of_them(plan: Plan) -> None:
    outside = {"AERODROME_MANUAL_RELEASE_NAMES": "true"}
    for name in ("deployments", "gateway"):
        assert environment(plan, name, outside)["AERODROME_MANUAL_RELEASE_NAMES"] == "true"


def test_secrets_are_made_once_and_readable_by_the_owner_alone(plan: Plan) -> None:
    again = make_plan(plan.folder, port=8871, outside={})
    assert again.secrets == plan.secrets
    assert stat.S_IMODE((plan.folder.path / "secrets.json").stat().st_mode) == 0o600


def test_lost_secrets_are_not_made_anew_over_old_data(plan: Plan) -> None:
    (plan.folder.postgres / "cluster").mkdir(parents=True)
    (plan.folder.path / "secrets.json").unlink()
    with pytest.raises(CannotStart, match="restore it"):
        plan.folder.secrets()


def test_two_ups_never_share_a_folder(plan: Plan) -> None:
    with plan.folder.locked(), pytest.raises(CannotStart, match="already runs"), plan.folder.locked():
        pass
    with plan.folder.locked():
        pass


def test_the_supervisor_is_told_the_very_command(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / '50% off, it\'s a "name"')
    launch = Launch(program=["/bin/echo", "100% a 'b'"], lock=folder.run / "x.lock")
    text = Supervisor(folder=folder).configuration([Program(name="x", group="x", order=1, launch=launch)])
    parsed = configparser.RawConfigParser(inline_comment_prefixes=(";", "#"))
    parsed.read_string(text)
    command = parsed["program:x"]["command"].replace("%%", "%")
    assert shlex.split(command) == launch.command()


def test_a_path_that_the_supervisor_would_cut_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match="plainer"):
        Supervisor(folder=DataFolder(tmp_path / "a #b")).configuration([])


def test_wrong_settings_are_named_once_and_before_anything_starts(plan: Plan) -> None:
    check_settings(plan, OUTSIDE)
    outside = {"AERODROME_PUBLIC_URL": "foo", "AERODROME_PUBLIC_SIGNUPS": "maybe", "AERODROME_RESET_LASTS": "9"}
    with pytest.raises(CannotStart) as error:
        check_settings(dataclasses.replace(plan, url="foo"), outside)
    said = str(error.value)
    assert [said.count(name) for name in outside] == [1, 1, 1]


def test_only_what_this_start_has_logged_is_shown(tmp_path: Path) -> None:
    log = tmp_path / "identity.log"
    assert tail(log, 0) == []
    log.write_text("an earlier start\n")
    before = log.stat().st_size
    assert tail(log, before) == []
    with log.open("a") as more:
        more.writelines(f"line {number}\n" for number in range(TAIL_LINES + 5))
    assert tail(log, before) == [f"line {number}" for number in range(5, TAIL_LINES + 5)]
    log.write_text("rotated\n")
    assert tail(log, before) == ["rotated"]


def test_the_readme_names_every_setting_that_a_person_can_make(plan: Plan) -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    known = {f"{PREFIX}{field.upper()}" for kind in SETTINGS.values() for field in kind.model_fields}
    decided = {key for name in SETTINGS for key in environment(plan, name, {})} | {f"{PREFIX}HEALTH_HOST"}
    theirs = (known - decided) | {f"{PREFIX}{name}" for name in ("PUBLIC_URL", "PORT", "SMTP_HOST", "SMTP_PORT")}
    assert sorted(name for name in theirs if f"`{name}`" not in readme) == []
