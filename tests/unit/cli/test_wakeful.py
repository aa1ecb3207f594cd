"""supervisord hears of signals at once, whatever it waits for."""

import os
import signal
from collections.abc import Iterator
from types import FrameType, SimpleNamespace

import pytest
from supervisor.poller import Poller

from services.cli.wakeful import Signals, wake_at_signals


def hear(_number: int, _frame: FrameType | None) -> None:
    """Do nothing with a signal: one without a handler wakes nobody."""


@pytest.fixture
def waited_for() -> Iterator[dict[int, Signals]]:
    """What a supervisord waits for beside its children, once it was made to wake at signals."""
    sockets: dict[int, Signals] = {}
    supervisord = SimpleNamespace(options=SimpleNamespace(get_socket_map=lambda: sockets))
    handler, wakes = signal.signal(signal.SIGUSR1, hear), signal.set_wakeup_fd(-1)
    wake_at_signals(supervisord)
    yield sockets
    wake_at_signals(supervisord)
    signal.set_wakeup_fd(wakes)
    signal.signal(signal.SIGUSR1, handler)
    assert len(sockets) == 1, "the pipe of before a reload is waited for"


def test_a_signal_ends_the_wait_and_is_taken_out(waited_for: dict[int, Signals]) -> None:
    poller = Poller(None)
    ((number, signals),) = waited_for.items()
    assert (signals.readable(), signals.writable()) == (True, False)
    poller.register_readable(number)
    assert poller.poll(0) == ([], [])
    os.kill(os.getpid(), signal.SIGUSR1)
    assert poller.poll(3600) == ([number], [])
    signals.handle_read_event()
    assert poller.poll(0) == ([], [])
