"""Cell tags, read: roles, steps, order and options, and what is wrong with them.

The words are Kale 2.3's, with more options beside. Tags of other tools are
left alone, unless they look like one of ours misspelt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from kalelike.notebook.kubernetes_values import BadValueError
from kalelike.notebook.model import Role
from kalelike.notebook.option_tags import OPTION_TAGS, parse_option
from kalelike.notebook.options import StepOptions
from kalelike.notebook.spelling import nearest

ROLE_TAGS: Mapping[str, Role] = {
    role.value: role for role in Role if role not in (Role.STEP, Role.SETUP)
}
"""The tags that are one word each."""

_OLD_ROLES = {"parameters": "pipeline-parameters"}  # papermill's
_OLD_WORDS = {"block": "step"}  # Kale's before 2.0
_LATER = {
    "search": ("a hyperparameter search", "remove the tag, or tag the cell `skip`"),
    "gate": ("a gate", "remove the tag, or tag the cell `skip`"),
    "deploy": ("a deployment", "remove the tag, or tag the cell `skip`"),
    "notebook": (
        "another notebook as a part of the pipeline",
        "copy that notebook's cells to this one, tagged as steps, or compile it by itself",
    ),
}
_OTHER_WORDS = {
    "after": "prev",
    "depends": "prev",
    "depends-on": "prev",
    "cpu": "limit:cpu",
    "memory": "limit:memory",
    "gpu": "limit:nvidia.com/gpu",
    "retries": "retry",
    "pvc": "volume",
    "environment": "env",
}
# Words that other tools may well use alone, as plain tags.
_PLAIN_WORDS = frozenset(
    ("annotation", "cache", "env", "image", "kernel", "label", "report", "requirement", "secret",
     "volume")
)  # fmt: skip
_WORDS = ("step", "prev", *OPTION_TAGS)
_PARTS = re.compile(r"([A-Za-z][A-Za-z_-]*)(\s*[:=]\s*|\s+)(.*)", re.DOTALL)
_DASHED = re.compile(r"(step|prev|block)[-_./](.+)", re.IGNORECASE)
_LONGEST_NEAR_MISS = 200


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a tag: a diagnostic that has no place yet."""

    code: str
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag, read. What it is not is empty; a foreign tag is empty throughout.

    ``spelt`` is the present spelling where the tag has an older one.
    """

    text: str
    role: Role | None = None
    step: str | None = None
    after: str | None = None
    options: StepOptions | None = None
    spelt: str = ""
    problem: Problem | None = None

    @property
    def ours(self) -> bool:
        """Tell whether the tag says anything to kalelike."""
        said = (self.role, self.step, self.after, self.options, self.problem)
        return any(item is not None for item in said)


@dataclass(frozen=True, slots=True)
class CellTags:
    """All tags of a cell; ``roles`` and ``steps`` without repetition."""

    tags: tuple[Tag, ...]
    roles: tuple[Role, ...] = field(init=False)
    steps: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        roles = dict.fromkeys(tag.role for tag in self.tags if tag.role is not None)
        steps = dict.fromkeys(tag.step for tag in self.tags if tag.step is not None)
        object.__setattr__(self, "roles", tuple(roles))
        object.__setattr__(self, "steps", tuple(steps))


def read_tags(tags: tuple[str, ...]) -> CellTags:
    """Read the tags of one cell."""
    return CellTags(tuple(map(read_tag, tags)))


@lru_cache(maxsize=4096)
def read_tag(text: str) -> Tag:
    """Read one tag; values may hold colons (``annotation:home:http://x.y:80/z``)."""
    tag = text.strip()
    if tag in ROLE_TAGS:
        return Tag(text, role=ROLE_TAGS[tag])
    if tag in _OLD_ROLES:
        new = _OLD_ROLES[tag]
        return Tag(text, role=ROLE_TAGS[new], spelt=new)
    word, colon, rest = tag.partition(":")
    word = word.rstrip()
    if word in _LATER and (colon or word != "notebook"):
        what, hint = _LATER[word]
        message = f"the tag `{_short(tag)}` asks for {what}, which is not available yet"
        return Tag(text, problem=Problem("tag-not-available", message, hint))
    if colon and word in ("step", "block"):
        if not rest.strip():
            return Tag(text)  # Kale's panel writes it at cells that go on with the step above.
        spelt = f"step:{rest}" if word in _OLD_WORDS else ""
        return Tag(text, step=rest.strip(), spelt=spelt)
    if colon and word == "prev":
        return Tag(text, after=rest.strip())
    if colon and word in OPTION_TAGS:
        try:
            return Tag(text, options=parse_option(word, rest))
        except BadValueError as error:
            form = f"write {word}:{OPTION_TAGS[word].form}"
            message = f"the tag `{_short(tag)}` cannot be used: {error}"
            return Tag(text, problem=Problem("bad-option", message, form))
    meant = suggest_tag(tag)
    if meant is None:
        return Tag(text)
    message = f"there is no tag `{_short(tag)}`, and it does nothing"
    return Tag(text, problem=Problem("unknown-tag", message, f"did you mean `{_short(meant)}`?"))


def suggest_tag(tag: str) -> str | None:
    """Return the tag of ours that an unknown one was probably meant to be."""
    if len(tag) > _LONGEST_NEAR_MISS:
        return None
    dashed = _DASHED.fullmatch(tag)
    if dashed is not None:
        word = dashed.group(1).lower()
        return f"{_OLD_WORDS.get(word, word)}:{dashed.group(2)}"
    parts = _PARTS.fullmatch(tag)
    if parts is None:
        return _suggest_bare(tag)
    word, mark, rest = parts.group(1), parts.group(2).strip(), parts.group(3)
    if mark == ":" and word.lower() in _OTHER_WORDS:
        return f"{_OTHER_WORDS[word.lower()]}:{rest}"
    if mark == ":" and word.lower() in ROLE_TAGS:
        return word.lower()
    known = nearest(word, (*_WORDS, *_OLD_WORDS))
    if known is None or (mark == "" and word.lower() not in _WORDS):
        return None
    return f"{_OLD_WORDS.get(known, known)}:{rest}"


def _suggest_bare(tag: str) -> str | None:
    """Return what a tag without a value may mean."""
    role = nearest(tag, ROLE_TAGS)
    if role is not None:
        return role
    word = nearest(tag, (word for word in _WORDS if word not in _PLAIN_WORDS))
    if word is None or tag in _PLAIN_WORDS:
        return None
    return f"{word}:{OPTION_TAGS[word].form if word in OPTION_TAGS else 'NAME'}"


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}…"
