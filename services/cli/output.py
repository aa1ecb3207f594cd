"""How the commands speak to the person."""

import os
import sys


def say(text: str) -> None:
    """Print a line at once; who reads us may be gone, which is no reason to stop in disorder."""
    tell(text)


def tell(text: str) -> bool:
    """Print a line at once, and return whether anybody reads it."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return False
    return True
