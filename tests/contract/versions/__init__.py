"""The command line's documents about deployments and the platform, in the form of each version of the platform.

`since` is the version from which on a form is sent, until that of the next. Texts in angle brackets stand for things:
<workspace>, <deployment>, <release> and <new>, a label that nobody has.
Source: houston.md, sections 5.4 and 5.5.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from tests.contract.versions.adoption import ADOPTION
from tests.contract.versions.asking import APP_CONFIG, GET, IMAGES, LIST, LIST_ALL, NAMESPACES, RUNTIMES
from tests.contract.versions.changing import AIRFLOW, CANCEL_RUNTIME, CREATE, DELETE, SET_IMAGE, UPDATE
from tests.contract.versions.forms import Form

__all__ = ["ADOPTION", "FORMS", "VERSIONS", "Form", "sent_to"]

VERSIONS: Final = ("0.25.0", "0.28.0", "0.29.0", "0.29.2", "0.32.0", "0.37.6", "1.0.0", "1.0.1", "2.0.0", "2.1.0")
"""Those that a form begins with, and the one that is told by default."""


FORMS: Final[Mapping[str, Sequence[Form]]] = {
    "app config": APP_CONFIG,
    "create": CREATE,
    "list in a workspace": LIST,
    "list all": LIST_ALL,
    "get one": GET,
    "images": IMAGES,
    "namespaces": NAMESPACES,
    "runtime releases": RUNTIMES,
    "update": UPDATE,
    "set an image": SET_IMAGE,
    "cancel a runtime": CANCEL_RUNTIME,
    "wish an Airflow": AIRFLOW,
    "delete": DELETE,
}
"""The forms of each purpose, in an order in which they may be sent about one deployment."""


def sent_to(version: str) -> Mapping[str, Form]:
    """Return what a client sends to a platform of this version: of each purpose the last form from before it."""
    wanted = _numbers(version)
    return {
        purpose: [form for form in forms if _numbers(form.since) <= wanted][-1]
        for purpose, forms in FORMS.items()
        if _numbers(forms[0].since) <= wanted
    }


def _numbers(version: str) -> tuple[int, ...]:
    """Return a version as it is compared."""
    return tuple(map(int, version.split(".")))
