"""What the rules find, before it is known at which line of which file it stands."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import islice

from kalelike.diagnostics import Severity

Path = tuple[str | int, ...]
"""Where something stands in a document: keys (by their JSON names) and list positions."""

_MOST, _LONGEST, _SHOWN = 300, 200, 8
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with one document of the stream.

    ``document`` is the position in the stream (0 for the first document),
    ``severity`` is None where the code's own weight holds.
    """

    code: str
    document: int
    path: Path
    message: str
    hint: str = ""
    severity: Severity | None = None


@dataclass(slots=True)
class Report:
    """Collects the findings of one document.

    ``broken`` holds the paths of the messages that could not be read as they
    stand; what a rule says about something inside such a message would only
    repeat the first complaint, so it is left out.
    """

    document: int
    findings: list[Finding] = field(default_factory=list)
    broken: set[Path] = field(default_factory=set)
    _seen: set[Finding] = field(default_factory=set)

    def add(
        self,
        code: str,
        path: Iterable[str | int],
        message: str,
        hint: str = "",
        severity: Severity | None = None,
    ) -> None:
        """Note a finding, unless it only follows from an unreadable message around it."""
        place = tuple(path)
        if self.broken and any(place[:n] in self.broken for n in range(len(place) + 1)):
            return
        finding = Finding(code, self.document, place, message, hint, severity)
        # A component that several tasks call is looked at once for each of them.
        if finding not in self._seen:
            self._seen.add(finding)
            self.findings.append(finding)

    def add_unreadable(self, code: str, path: Path, message: str, hint: str = "") -> None:
        """Note that a field cannot be read, which leaves its message incomplete."""
        self.findings.append(Finding(code, self.document, path, message, hint))


def dotted(path: Iterable[str | int]) -> str:
    """Return a path as users write it: ``root.dag.tasks.train.inputs``, ``args[2]``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif not _PLAIN_KEY.fullmatch(step):
            text += f'["{step}"]'
        else:
            text += f".{step}" if text else step
    return text


def suggest(word: str, known: Collection[str]) -> str:
    """Return a ``did you mean`` hint for a misspelt name, or what exists."""
    if not known:
        return "none exists here: remove it"
    # There may be a message for each name, and looking at all of them each time takes its time.
    if len(known) <= _MOST:
        from difflib import get_close_matches

        names = sorted(known)
        close = get_close_matches(word[:_LONGEST], names, n=1)
        if close:
            return f"did you mean `{close[0]}`?"
    else:
        names = list(islice(known, _SHOWN + 1))
    shown = ", ".join(f"`{name}`" for name in names[:_SHOWN])
    return f"known here: {shown}{', …' if len(names) > _SHOWN else ''}"
