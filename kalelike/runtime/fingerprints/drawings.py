"""Matplotlib's figures and what is on them, by what is drawn: data, texts, limits, colours."""

from __future__ import annotations

import sys
from typing import Any

from kalelike.runtime.fingerprints.summary import Builder, Looker

# What decides the picture and is worth telling apart; limits come first, for
# they let Matplotlib settle what it had put off.
_CONTENT = (
    "get_xlim", "get_ylim", "get_zlim", "get_xscale", "get_yscale", "get_aspect",
    "get_size_inches", "get_visible", "get_alpha", "get_zorder", "get_text", "get_xydata",
    "get_data_3d", "get_offsets", "get_array", "get_sizes", "get_segments", "get_verts",
    "get_color", "get_facecolor", "get_edgecolor", "get_linestyle", "get_linewidth", "get_marker",
    "get_markersize", "get_fontsize", "get_label", "get_clim", "get_extent", "get_hatch",
    "get_title", "get_xlabel", "get_ylabel",
)  # fmt: skip


def is_artist(value: Any) -> bool:
    """Tell whether a value is drawn by Matplotlib."""
    artist = sys.modules.get("matplotlib.artist")
    return artist is not None and isinstance(value, artist.Artist)


def add_artist(builder: Builder, value: Any, looker: Looker) -> None:
    """Add what an artist draws, and what the artists within it draw."""
    axis = sys.modules.get("matplotlib.axis")
    for name in _CONTENT:
        getter = getattr(value, name, None)
        if getter is None:
            continue
        try:
            found = getter()
        except Exception:  # noqa: S112 - a getter that needs what this artist lacks
            continue
        looker.part(builder, f".{name}()", found, 1_000)
    if axis is not None and isinstance(value, axis.Axis):
        looker.part(builder, ".label", value.get_label_text())
        return
    for at, item in enumerate(value.get_children()):
        looker.part(builder, f".<{type(item).__name__} {at}>", item, at)
