"""An image's plan as the text of a Dockerfile, for any builder.

``ADD`` unpacks the layers' archives with the times, owners and modes that
stand in them, so the bytes are the same whoever builds. Nothing is run.
"""

from __future__ import annotations

from kalelike.image.layers import Layer, LayerKind
from kalelike.image.plan import ImagePlan

LAYERS = "layers"
"""The folder of the context that holds the layers' archives."""


def render_dockerfile(plan: ImagePlan, *, base: str | None = None, below: int = 0) -> str:
    """Return the Dockerfile of a plan.

    ``base`` may be an image that holds the first ``below`` layers already.
    """
    lines = [f"FROM {base or plan.base.reference}"]
    rest = plan.layers[below:]
    lines += [_add(layer) for layer in rest if layer.kind is LayerKind.REQUIREMENTS]
    lines.append("ENV " + " ".join(f"{name}={_quoted(value)}" for name, value in plan.env))
    lines += [f"WORKDIR {plan.workdir}", f"USER {plan.user}"]
    others = [layer for layer in rest if layer.kind is not LayerKind.REQUIREMENTS]
    lines += [_add(layer) for layer in others if layer.kind is not LayerKind.CODE]
    lines.append("LABEL " + " \\\n      ".join(_label(*item) for item in plan.labels))
    lines += [_add(layer) for layer in others if layer.kind is LayerKind.CODE]
    return "\n".join(lines) + "\n"


def render_requirements(base: str, layer: Layer) -> str:
    """Return the Dockerfile of an image that holds one layer more than ``base``."""
    return f"FROM {base}\n{_add(layer)}\n"


def _add(layer: Layer) -> str:
    return f"ADD {LAYERS}/{layer.name}.tar /"


def _label(name: str, value: str) -> str:
    """Return a label; a user's text stands in it as it is, whatever it holds."""
    return f"{name}={_quoted(_one_line(value).replace('$', chr(92) + '$'), escaped=True)}"


def _quoted(text: str, *, escaped: bool = False) -> str:
    body = text if escaped else text.replace("\\", "\\\\")
    return '"' + body.replace('"', '\\"') + '"'


def _one_line(text: str) -> str:
    """Spell out what a line of a Dockerfile cannot hold."""
    shown = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )
    return shown.replace("\\", "\\\\")
