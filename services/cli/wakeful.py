"""Inside supervisord: wakes it at every signal. Left alone it notices the end of a child, or its own, 1 s late."""

import os
import signal
from typing import Any, Final

FACTORY: Final = f"{__name__}:wake_at_signals"
_MOST_SIGNALS: Final = 4096


class Signals:
    """What supervisord's loop waits for beside its children's output; each signal makes it readable."""

    def __init__(self) -> None:
        self.woken, self._wake = os.pipe()
        for end in (self.woken, self._wake):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)

    def readable(self) -> bool:
        """Say that it is to be waited for."""
        return True

    def writable(self) -> bool:
        """Say that nothing is to be written."""
        return False

    def handle_read_event(self) -> None:
        """Take the signals out; supervisord sees to them itself, now that it is awake."""
        os.read(self.woken, _MOST_SIGNALS)

    def handle_error(self) -> None:
        """Go on: it looks for signals every second as well."""


def wake_at_signals(supervisord: Any) -> object:
    """Join supervisord's loop; this is called as a maker of RPC interfaces, supervisord's way to be extended.

    Return an interface without methods. A reload calls it again, with the old pipe closed.
    """
    waited_for = supervisord.options.get_socket_map()
    for old in [number for number, each in waited_for.items() if isinstance(each, Signals)]:
        del waited_for[old]
    signals = Signals()
    waited_for[signals.woken] = signals
    return object()
