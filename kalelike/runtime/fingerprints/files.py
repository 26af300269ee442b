"""Files by their content: texts with their numbers, archives by their members, tables as values.

Times and versions that a format writes beside the content do not count. A
format that is not known counts by its bytes, and other bytes of it prove
nothing.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
import sys
import zlib
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kalelike.runtime.fingerprints.floats import summarise
from kalelike.runtime.fingerprints.summary import Builder
from kalelike.runtime.fingerprints.walking import Walker

_MOST_TEXT = 64 * 2**20
_PNG = b"\x89PNG\r\n\x1a\n"
_NUMBER = re.compile(
    rb"(?<![\w.])[-+]?\d+\.\d*(?:[eE][-+]?\d+)?(?!\w)|(?<![\w.])[-+]?\d+[eE][-+]\d+"
)
_Add = Callable[[Builder, Path, bool], None]
_VOLATILE = re.compile(
    rb"<dc:date>[^<]*</dc:date>|0x[0-9a-f]{6,16}|"
    rb'(?<=[#"])[mp]?[0-9a-f]{10}(?=["\)])'
)
"""What makes two writings of one content differ: dates and random ids of SVG, addresses."""


def fingerprint_file(path: Path, *, load: bool = False, private: bool = False) -> dict[str, Any]:
    """Return the fingerprint of a file; see :func:`fingerprint` for its form.

    ``load`` lets pickles be loaded: only for files that code of this very
    process has written. Raises ``OSError`` when the file cannot be read.
    """
    size = f"{path.stat().st_size:,} bytes"
    add = _reader(path, load)
    builder = Builder("file")
    try:
        if add is None:
            _add_unknown(builder, path)
        else:
            add(builder, path, private)
    except Exception:
        # It is not of the format that it looks like.
        builder = Builder("file")
        _add_unknown(builder, path)
    builder.says = size
    return builder.done().as_dict(64)


def _add_unknown(builder: Builder, path: Path) -> None:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    kind = path.suffix or "a file without suffix"
    builder.add("bytes", digest)
    builder.opaque = f"a format that is not known ({kind})"


def _add_text(builder: Builder, path: Path, private: bool) -> None:
    del private
    add_text(builder, path.read_bytes())


def add_text(builder: Builder, raw: bytes) -> None:
    """Add a text: its decimal numbers as floats, all else as it stands."""
    raw.decode("utf-8")
    raw = _VOLATILE.sub(b"@", raw)
    numbers = [float(item) for item in _NUMBER.findall(raw)]
    builder.add("text", _NUMBER.sub(b"#", raw))
    finite = [item for item in numbers if item - item == 0.0]
    builder.add_bulk(summarise(finite), hashlib.sha256(raw).digest())


def _add_zip(builder: Builder, path: Path, private: bool) -> None:
    import zipfile

    del private
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if name == "docProps/core.xml":
                continue
            member = Builder("member")
            content = archive.read(name)
            if name.endswith(".npy") and "numpy" in sys.modules:
                array = sys.modules["numpy"].load(io.BytesIO(content), allow_pickle=False)
                builder.add_part(f"[{name}]", Walker().summarise(array))
                continue
            member.add("bytes", content)
            builder.add_part(f"[{name}]", member.done())


def _add_png(builder: Builder, path: Path, private: bool) -> None:
    """Add the header, the palette and the pixels; texts and times are no content."""
    del private
    raw = path.read_bytes()
    at, pixels = len(_PNG), bytearray()
    while at + 8 <= len(raw):
        size, kind = struct.unpack_from(">I4s", raw, at)
        content = raw[at + 8 : at + 8 + size]
        if kind == b"IDAT":
            pixels += content
        elif kind in (b"IHDR", b"PLTE", b"tRNS"):
            builder.add(kind.decode(), content)
        at += size + 12
    builder.add("pixels", zlib.decompress(bytes(pixels)))


def _add_gzip(builder: Builder, path: Path, private: bool) -> None:
    import gzip

    del private
    content = gzip.decompress(path.read_bytes())
    try:
        add_text(builder, content)
    except UnicodeDecodeError:
        builder.add("bytes", content)


def _add_array(builder: Builder, path: Path, private: bool) -> None:
    array = sys.modules["numpy"].load(path, allow_pickle=False)
    builder.add_part("", Walker(private=private).summarise(array))


def _add_pickle(builder: Builder, path: Path, private: bool) -> None:
    if find_spec("joblib") is not None:
        # A step that only passes the file on has not imported what wrote it.
        value = import_module("joblib").load(path)
    else:
        import pickle

        with path.open("rb") as file:
            value = pickle.load(file)
    builder.add_part("", Walker(private=private).summarise(value))


def _add_sqlite(builder: Builder, path: Path, private: bool) -> None:
    import sqlite3

    del private
    database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        add_text(builder, "\n".join(database.iterdump()).encode("utf-8", "surrogatepass"))
    finally:
        database.close()


def _add_parquet(builder: Builder, path: Path, private: bool) -> None:
    frame = sys.modules["pandas"].read_parquet(path)
    builder.add_part("", Walker(private=private).summarise(frame))


_PICKLES = (".pkl", ".pickle", ".joblib", ".sav", ".p", ".model")
_BY_HEAD: tuple[tuple[bytes, str, _Add], ...] = (
    (_PNG, "", _add_png),
    (b"PK\x03\x04", "", _add_zip),
    (b"\x1f\x8b", "", _add_gzip),
    (b"SQLite format 3\0", "", _add_sqlite),
    (b"\x93NUMPY", "numpy", _add_array),
    (b"PAR1", "pandas", _add_parquet),
)


def _reader(path: Path, load: bool) -> _Add | None:
    with path.open("rb") as file:
        head = file.read(512)
    for mark, module, add in _BY_HEAD:
        if head.startswith(mark) and (not module or module in sys.modules):
            return add
    if path.suffix in _PICKLES:
        return _add_pickle if load else None
    text = b"\0" not in head and not head.startswith(b"%PDF")
    return _add_text if text and path.stat().st_size <= _MOST_TEXT else None
