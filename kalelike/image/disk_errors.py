"""What goes wrong with this machine's own files while images are made."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from kalelike.diagnostics import Location, diagnose
from kalelike.errors import BuildError

_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def disk_errors(*places: object) -> Iterator[None]:
    """Turn ``OSError`` into diagnostics; ``places`` are the folders that are written into."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            message = f"there is no space left in {' or '.join(map(str, places))}"
            hint = "free some, or name folders on another disk: KALELIKE_CACHE, TMPDIR"
            found = diagnose("disk-full", message, Location("disk"), hint)
        else:
            message = f"{error.filename or places[0]} cannot be used: {error.strerror or error}"
            hint = "see who may read and write it; KALELIKE_CACHE names another place for wheels"
            found = diagnose("file-not-usable", message, Location("disk"), hint)
        raise BuildError([found]) from error
