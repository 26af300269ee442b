"""An executed cell as HTML that is safe to open, whatever the notebook made.

Text is escaped, images are data, and HTML of the notebook's own stands in a
frame that runs no scripts; a page's own policy (:data:`POLICY`), which frames
inherit, lets it reach nothing.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from typing import Any

POLICY = (
    "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'; frame-src 'self'\">"
)
STYLE = """
.cell{display:grid;grid-template-columns:5em minmax(0,1fr);margin:1em 0}
.number{color:#888;font-family:monospace;padding-top:.6em}
.cell pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.3em 0;font:12.5px/1.5 monospace}
.code{background:#f6f8fa;border:1px solid #e3e6ea;border-radius:6px;padding:.6em}
.line{display:block}.bad{background:#ffd7d5}
.stderr{background:#fff1f0;padding:.4em}.cell img{max-width:100%}
.cell iframe{width:100%;border:0}.cell small{color:#888}
"""
_TEXT_LIMIT = 200_000
_HTML_LIMIT = 2_000_000
_IMAGES = ("image/png", "image/jpeg", "image/gif")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
_TERMINAL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07]*\x07")
_FRAME_STYLE = (
    "<style>body{font:13px sans-serif;margin:4px}table{border-collapse:collapse}"
    "td,th{padding:3px 8px;text-align:right;border-bottom:1px solid #ddd}</style>"
)


def escape(value: object) -> str:
    """Escape text for HTML, for attributes too."""
    return html.escape(str(value), quote=True)


def cell_html(
    source: str,
    outputs: Iterable[Mapping[str, Any]],
    number: int | None,
    note: str = "",
    failed: int | None = None,
) -> str:
    """Return one cell: its code and outputs (nbformat's form).

    ``note`` stands under the cell's number; ``failed`` is the line to mark.
    """
    lines = "".join(
        f"<span class='line{' bad' if at == failed else ''}'>{escape(line) or ' '}</span>"
        for at, line in enumerate(source.splitlines(), start=1)
    )
    shown = "".join(map(output_html, outputs))
    name = number if number is not None else ""
    return (
        f"<div class=cell><div class=number>[{escape(name)}]<br><small>{escape(note)}</small>"
        f"</div><div><pre class=code>{lines}</pre>{shown}</div></div>"
    )


def output_html(item: Mapping[str, Any]) -> str:
    """Return one output in the richest form that a page can show safely; errors are not shown."""
    kind = item.get("output_type")
    if kind == "stream":
        text = plain_text(_joined(item.get("text", "")))
        return f"<pre class='{escape(item.get('name'))}'>{escape(text)}</pre>"
    data = item.get("data")
    if kind == "error" or not isinstance(data, Mapping):
        return ""
    for name in _IMAGES:
        image = _joined(data.get(name, ""))
        if image and _BASE64.fullmatch(image):
            return f"<img alt=figure src='data:{name};base64,{''.join(image.split())}'>"
    for name in ("text/html", "image/svg+xml"):
        if name in data:
            return _frame(_joined(data[name]))
    for name in ("text/markdown", "text/latex", "text/plain"):
        if name in data:
            return f"<pre>{escape(plain_text(_joined(data[name])))}</pre>"
    return ""


def plain_text(text: str) -> str:
    """Return a terminal's text as it would stand there: no colours, lines as last overwritten."""
    text = _TERMINAL.sub("", text.replace("\r\n", "\n"))
    if "\r" in text:
        text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    if len(text) > _TEXT_LIMIT:
        text = f"{text[:_TEXT_LIMIT]}\n… {len(text):,} characters; all are in notebook.ipynb"
    return text


def _joined(value: object) -> str:
    return "".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _frame(content: str) -> str:
    """Show HTML of the notebook's in a frame without scripts, as high as its rows need."""
    if len(content) > _HTML_LIMIT:
        return "<small>an output too large for this page; it is in notebook.ipynb</small>"
    rows = content.count("<tr") or content.count("\n") // 3 + 3
    height = min(34 + 24 * rows, 520)
    note = ""
    if "<script" in content.lower():
        note = "<small>scripts of this output do not run here; notebook.ipynb has them</small>"
    return (
        f"<iframe sandbox='' style='height:{height}px' "
        f"srcdoc='{escape(_FRAME_STYLE + content)}'></iframe>{note}"
    )
