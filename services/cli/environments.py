"""The settings of a service: from the shell, as in a container, or from the running `up`."""

import json
import os
from collections.abc import Mapping, Sequence

from services.cli.folder import CannotStart, DataFolder
from services.nats_users import SERVICES
from shared.settings import PREFIX

DATABASE = f"{PREFIX}DATABASE_URL"
MASTER_KEY = f"{PREFIX}MASTER_KEY"
OPEN_S = 10.0  # how long a command waits for a server


def known_service(name: str) -> str:
    """Return the name of a service with a store; raise CannotStart for another."""
    if name not in SERVICES:
        raise CannotStart(f"there is no service {name} with events; there are {', '.join(SERVICES)}")
    return name


def environments(folder: DataFolder, service: str) -> Mapping[str, Mapping[str, str]]:
    """Return the settings of one service, or of all for "", by its name.

    They are those of the shell when it holds AERODROME_DATABASE_URL, as in a container; then a service must be named.
    Else they are those that the running `up` of the data folder gave to its services.
    """
    if DATABASE in os.environ:
        if not service:
            raise CannotStart(f"{DATABASE} is set: name the service it belongs to, such as --service identity")
        return {known_service(service): os.environ}
    folder.state()
    names: Sequence[str] = [known_service(service)] if service else SERVICES
    return {name: _of_up(folder, name) for name in names}


def environment_beside(
    folder: DataFolder, given: Mapping[str, Mapping[str, str]], service: str
) -> Mapping[str, str] | None:
    """Return the settings of one more service than the `given` ones, None where the shell holds those of another."""
    if service in given or DATABASE in os.environ:
        return given.get(service)
    return _of_up(folder, service)


def _of_up(folder: DataFolder, service: str) -> Mapping[str, str]:
    text = (folder.run / f"{service}.environment.json").read_text(encoding="utf-8")
    settings: dict[str, str] = json.loads(text)
    return settings
