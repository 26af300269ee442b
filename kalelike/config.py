"""The options of a command, merged once: default, project file, notebook, environment, flag.

The project file is the nearest ``kalelike.toml``, or ``pyproject.toml`` with a
``[tool.kalelike]`` table, in the notebook's folder or above. Its
``[contexts.NAME]`` tables describe servers; what is secret is named there
(``token-env``), never held.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kalelike.diagnostics import Diagnostic, Location, diagnose
from kalelike.errors import CompileError

ENGINES = ("local", "docker", "kfp")
_FILES = ("kalelike.toml", "pyproject.toml")
_ENVIRONMENT = "KALELIKE_"
_SECRETS = ("token", "cookie", "cookies", "password", "secret")


@dataclass(frozen=True, slots=True)
class Context:
    """A server, and how it is entered; names of places of secrets, not the secrets."""

    host: str | None = None
    namespace: str | None = None
    experiment: str | None = None
    service_account: str | None = None
    pipeline_root: str | None = None
    token_env: str | None = None
    token_file: str | None = None
    cookie_env: str | None = None
    ca_cert: str | None = None
    verify_tls: bool | None = None
    kube_context: str | None = None
    proxy: str | None = None
    service_account_token: bool = False


@dataclass(frozen=True, slots=True)
class Config:
    """Every option that can be set at more than one place; ``None`` means "not set".

    ``poll`` is how many seconds lie between two questions to a server.
    """

    engine: str = "local"
    store: str | None = None
    context: str | None = None
    host: str | None = None
    namespace: str | None = None
    experiment: str | None = None
    service_account: str | None = None
    pipeline_root: str | None = None
    inline: bool = False
    image: str | None = None
    index_url: str | None = None
    registry: str | None = None
    poll: float = 2.0
    server: Context = Context()


def resolve(
    folder: Path,
    *,
    notebook: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
) -> Config:
    """Merge the layers for a notebook in ``folder``; what is None in a layer is not set in it.

    Raises :class:`CompileError` (bad-configuration) with everything that is
    unknown or does not fit, each with its place.
    """
    path, table = _project_table(folder)
    reader = _Reader(str(path or "kalelike.toml"))
    contexts = reader.contexts(table.pop("contexts", {}))
    layers = [
        reader.layer(table),
        notebook or {},
        _Reader("the environment").layer(_from_environment(environ or {})),
        flags or {},
    ]
    config = Config()
    for layer in layers:
        given = {key: value for key, value in layer.items() if value is not None}
        config = replace(config, **given)  # type: ignore[arg-type]
    server = reader.chosen(config.context, contexts)
    if reader.problems:
        raise CompileError(reader.problems)
    return _with_server(config, server, layers)


def _with_server(config: Config, server: Context, layers: list[Mapping[str, object]]) -> Config:
    """Fill from the context what no layer above the project file sets."""
    shared = ("host", "namespace", "experiment", "service_account", "pipeline_root")
    for key in shared:
        above = any(layer.get(key) is not None for layer in layers[1:])
        if getattr(server, key) is not None and not above:
            config = replace(config, **{key: getattr(server, key)})
    return replace(
        config,
        server=replace(server, **{key: getattr(config, key) for key in shared}),
    )


def _project_table(folder: Path) -> tuple[Path | None, dict[str, Any]]:
    folder = folder.resolve()
    for place in (folder, *folder.parents):
        for name in _FILES:
            path = place / name
            if not path.is_file():
                continue
            try:
                data = tomllib.loads(path.read_text("utf-8"))
            except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
                raise CompileError([_bad(str(path), f"it cannot be read: {error}")]) from error
            if name == _FILES[0]:
                return path, data
            table = data.get("tool", {}).get("kalelike")
            if isinstance(table, dict):
                return path, dict(table)
    return None, {}


def _from_environment(environ: Mapping[str, str]) -> dict[str, object]:
    known = {item.name for item in fields(Config)} - {"server"}
    found: dict[str, object] = {}
    for key in known:
        value = environ.get(f"{_ENVIRONMENT}{key.upper()}")
        if value:
            found[key.replace("_", "-")] = _scalar(value) if key in ("inline", "poll") else value
    return found


def _scalar(text: str) -> object:
    lower = text.lower()
    if lower in ("true", "yes", "1", "false", "no", "0"):
        return lower in ("true", "yes", "1")
    try:
        return float(text)
    except ValueError:
        return text


class _Reader:
    """Reads tables into fields and collects what does not fit."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[Diagnostic] = []

    def layer(self, table: Mapping[str, Any]) -> dict[str, object]:
        return dict(self._read(table, Config, ""))

    def contexts(self, tables: object) -> dict[str, Context]:
        if not isinstance(tables, dict):
            self.problems.append(_bad(self.source, "contexts has to be a table of tables"))
            return {}
        return {
            name: Context(**dict(self._read(table, Context, f"contexts.{name}.")))
            for name, table in tables.items()
            if isinstance(table, dict)
        }

    def chosen(self, name: str | None, contexts: Mapping[str, Context]) -> Context:
        if name is None:
            return contexts.get("default", Context())
        if name in contexts:
            return contexts[name]
        close = get_close_matches(name, list(contexts), n=1)
        known = ", ".join(contexts) or "none"
        hint = f"did you mean {close[0]}?" if close else f"its contexts are: {known}"
        self.problems.append(_bad(self.source, f"there is no context {name}", hint))
        return Context()

    def _read(self, table: Mapping[str, Any], kind: type, path: str) -> Iterator[tuple[str, Any]]:
        known = {item.name: str(item.type) for item in fields(kind)}
        known.pop("server", None)
        for key, value in table.items():
            name = key.replace("-", "_")
            if name in _SECRETS:
                self.problems.append(
                    _bad(
                        self.source,
                        f"{path}{key}: secrets do not belong in this file",
                        "name the environment variable that holds it: token-env, cookie-env",
                    )
                )
            elif name not in known:
                close = get_close_matches(key, [item.replace("_", "-") for item in known], n=1)
                hint = f"did you mean {close[0]}?" if close else ""
                self.problems.append(_bad(self.source, f"{path}{key} is no setting", hint))
            elif (wrong := _misfit(name, value, known[name])) is not None:
                self.problems.append(_bad(self.source, f"{path}{key} {wrong}"))
            else:
                yield name, value


def _misfit(name: str, value: object, kind: str) -> str | None:
    if kind.startswith("bool"):
        return None if isinstance(value, bool) else "has to be true or false"
    if kind.startswith("float"):
        fits = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
        return None if fits else "has to be a number above 0"
    if not isinstance(value, str) or not value:
        return "has to be a text"
    if name == "engine" and value not in ENGINES:
        return f"has to be one of {', '.join(ENGINES)}"
    if name in ("host", "proxy", "index_url") and has_credentials(value):
        return "holds a password, and would be written into files; leave it out"
    return None


def has_credentials(url: str) -> bool:
    """Tell whether an address carries a user or a password."""
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        return parts.username is not None or parts.password is not None
    except ValueError:
        return False


def _bad(source: str, message: str, hint: str = "") -> Diagnostic:
    return diagnose("bad-configuration", message, Location(source), hint)
