"""Which of the user's files may travel with a step: those of its folder, and no secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

# What tools keep passwords, tokens and private keys in, by name.
_SECRET = re.compile(
    r"""(^|/)(
        \.env.* | [._]netrc | \.pypirc | \.npmrc | \.pgpass | \.my\.cnf | \.htpasswd
      | \.git(-credentials)? | \.vault-token | \.ssh | \.aws | \.azure | \.kube | \.docker | \.gnupg
      | id_(rsa|dsa|ecdsa|ed25519)(_sk)? | .*\.(pem|key|p12|pfx|jks|keystore|kdbx|ppk)
      | kaggle\.json | application_default_credentials\.json | service[-_]?account[^/]*\.json
      | (client[-_])?(secrets?|credentials)(\.(json|toml|ya?ml|ini|csv|txt))?
    )(/|$)""",
    re.VERBOSE | re.IGNORECASE,
)
_MOST_FILES = 10_000


def looks_secret(name: str) -> bool:
    """Tell whether a path's name says that it holds a secret."""
    return _SECRET.search(name) is not None


def why_not(name: str, path: Path, root: Path) -> str:
    """Return what keeps a file or folder from travelling, empty if nothing does.

    ``name`` is what the notebook says; ``path`` is where that is, ``root`` the
    notebook's folder without symbolic links. A link counts by what it leads to.
    """
    place = path.resolve()
    if PurePosixPath(name).is_absolute() or not place.is_relative_to(root):
        return "is outside the notebook's folder"
    if looks_secret(name) or looks_secret(place.relative_to(root).as_posix()):
        return "looks like a secret: none travels with a step"
    if not path.exists():
        return "is not here"
    return "" if path.is_file() or path.is_dir() else "is no regular file"


def shipped_files(path: Path, root: Path) -> Iterator[tuple[str, Path]]:
    """Yield a file, or those of a folder that may travel, with their places in ``root``."""
    found = sorted(path.rglob("*"))[:_MOST_FILES] if path.is_dir() else [path]
    for item in found:
        place = item.parent.resolve() / item.name
        name = place.relative_to(root).as_posix() if place.is_relative_to(root) else str(place)
        if item.is_file() and not why_not(name, item, root):
            yield name, item
