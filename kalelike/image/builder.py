"""The protocol of builders: plans in, images out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from kalelike.image.base import Base
from kalelike.image.plan import ImagePlan
from kalelike.notebook.model import StepName


@dataclass(frozen=True, slots=True)
class BuiltImage:
    """An image that exists.

    ``digest`` is the registry's (``sha256:…``), empty before a push. ``made``
    tells whether this call made it; else it was there already.
    """

    step: StepName
    repository: str
    tag: str
    made: bool
    digest: str = ""

    @property
    def reference(self) -> str:
        """The name for a pipeline document: by digest where there is one, else by tag."""
        return (
            f"{self.repository}@{self.digest}" if self.digest else f"{self.repository}:{self.tag}"
        )


class Builder(Protocol):
    """Makes images; every method raises ``BuildError``."""

    def find_base(self, reference: str, digest: str | None = None) -> Base:
        """Return a base image, pulled if it is not there.

        With a ``digest`` (see :data:`kalelike.image.base.DIGEST`) it is the
        image of that content; where it cannot be had any more, that is an error.
        """
        ...

    def build(self, plans: Sequence[ImagePlan], *, push: bool) -> tuple[BuiltImage, ...]:
        """Make those images that are missing, and push them if asked to.

        What exists under a plan's reference is that image: it is not made again.
        """
        ...
