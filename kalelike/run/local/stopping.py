"""Why a run ends before its time: Ctrl-C, a time limit, or a failure."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stop:
    """Nothing while the run goes on; then a reason, and the run's status for it."""

    def __init__(self) -> None:
        self.reason = ""
        self.status = ""
        self.urgent = False

    def __bool__(self) -> bool:
        return bool(self.reason)

    def ask(self, reason: str, status: str) -> None:
        """Stop the run; the first reason stands."""
        if not self.reason:
            self.reason, self.status = reason, status

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Take SIGINT, SIGTERM and SIGHUP as reasons; a second one makes it urgent.

        Only the main thread can; in another one this does nothing.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(number: int, frame: FrameType | None) -> None:
            del number, frame
            self.urgent = bool(self)
            self.ask("the run was interrupted", "interrupted")

        # What is ignored stays so: `nohup`, and jobs that a script put into the background.
        heard = [kind for kind in _SIGNALS if signal.getsignal(kind) is not signal.SIG_IGN]
        before = {kind: signal.signal(kind, stop) for kind in heard}
        try:
            yield
        finally:
            for kind, handler in before.items():
                signal.signal(kind, handler)
