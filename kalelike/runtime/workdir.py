"""The step's working folder inside an image: a copy of the notebook's folder that it may write to.

An image's own files may be read-only, and its user is not their owner; a
notebook writes beside itself as it likes.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

VARIABLE = "KALELIKE_FILES"
_LARGEST_COPY = 64 * 2**20


def enter_working_folder() -> None:
    """Go to a scratch copy of the folder that the image names, if it names one.

    Large files are linked and not copied. Raises ``OSError`` where no scratch
    folder can be made.
    """
    shipped = Path(os.environ.get(VARIABLE) or os.devnull)
    if not shipped.is_dir():
        return
    target = Path(tempfile.mkdtemp(prefix="kalelike-work-"))
    for parent, folders, names in os.walk(shipped):
        source = Path(parent)
        place = target / source.relative_to(shipped)
        for name in folders:
            (place / name).mkdir()
        for name in names:
            if (source / name).stat().st_size > _LARGEST_COPY:
                (place / name).symlink_to(source / name)
            else:
                shutil.copyfile(source / name, place / name)
    os.chdir(target)
