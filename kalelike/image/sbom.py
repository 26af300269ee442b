"""What an image holds, as a CycloneDX bill of materials."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING

from kalelike import __version__
from kalelike.image.extras import need
from kalelike.image.layers import ROOT
from kalelike.image.plan import ImagePlan

if TYPE_CHECKING:
    from cyclonedx.model.component import Component

PATH = f"{ROOT}/sbom.cdx.json"
"""Where the bill of materials lies in an image: scanners look for the file's ending."""

_NAMESPACE = uuid.UUID("9d0f3c0e-5f0b-4a56-8d0c-3a7b1e0a6d55")


def render_sbom(plan: ImagePlan, hashes: Mapping[str, str]) -> str:
    """Return the bill of materials of an image: the same text for the same content.

    ``hashes`` are the SHA-256 of the distributions' wheels, by name. Raises
    ``BuildError`` (extra-missing) where the CycloneDX library is not installed.
    """
    need("cyclonedx")
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output.json import JsonV1Dot5

    bom = Bom(serial_number=uuid.uuid5(_NAMESPACE, plan.content))
    bom.metadata.timestamp = None  # type: ignore[assignment]
    image = Component(
        name=plan.repository, version=plan.tag, type=ComponentType.CONTAINER, bom_ref="image"
    )
    base = Component(
        name=plan.base.reference,
        version=plan.base.identity,
        type=ComponentType.CONTAINER,
        bom_ref="base",
    )
    held = [base, _library("kalelike", __version__, None)]
    held += [_library(pin.name, pin.version, hashes.get(pin.name)) for pin in plan.pins]
    bom.metadata.component = image
    bom.components.update(held)
    bom.register_dependency(image, held)
    return str(JsonV1Dot5(bom).output_as_string(indent=1)) + "\n"


def _library(name: str, version: str, digest: str | None) -> Component:
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    return Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        bom_ref=f"pypi-{name}",
        purl=PackageURL("pypi", name=name, version=version),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)] if digest else None,
    )
