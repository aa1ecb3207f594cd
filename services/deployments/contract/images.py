"""How images of Airflow are named where they are deployed."""

import re
from typing import Final

_CLI_TAG: Final = re.compile(r"(?:cli|deploy)-(\d{1,9})")


def cli_number(tag: str) -> int:
    """Return the number of a tag that the command line made, 0 for any other tag.

    Source: houston 7.2.
    """
    found = _CLI_TAG.fullmatch(tag)
    return int(found[1]) if found else 0
