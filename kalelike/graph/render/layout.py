"""Places for the boxes and lines of a layered drawing of an acyclic graph.

The usual method (Sugiyama, Tagawa, Toda): longest-path layers, placeholders
where a line passes a layer, barycentre sweeps against crossings, then
positions by least squares that keep every order and distance.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

Size = tuple[float, float]
Point = tuple[float, float]

GAP_X = 28.0
GAP_Y = 26.0
_SWEEPS = 8
_RELAXATIONS = 12
_MOST_PLACEHOLDERS = 20_000


@dataclass(frozen=True, slots=True)
class Link:
    """A line to draw. ``label`` is the size of its text, None for a line without."""

    source: str
    target: str
    label: Size | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """A line as drawn: ``points`` from source to target; ``label`` is the label's centre."""

    link: Link
    points: tuple[Point, ...]
    label: Point | None


@dataclass(frozen=True, slots=True)
class Layout:
    """A finished drawing: centres of boxes, lines, and the size of the whole."""

    width: float
    height: float
    centres: Mapping[str, Point]
    routes: tuple[Route, ...]


def lay_out(sizes: Mapping[str, Size], links: Sequence[Link]) -> Layout:
    """Place boxes (``sizes`` by key, in topological order) and the links between them.

    Raises ``KeyError`` when a link names no box. A drawing too large for
    placeholders has straight long lines: it is unreadable either way.
    """
    drawing = _Drawing(sizes, links)
    drawing.order()
    drawing.spread()
    return drawing.result()


class _Drawing:
    """The state of one drawing: vertices are numbers, boxes first, then placeholders."""

    def __init__(self, sizes: Mapping[str, Size], links: Sequence[Link]) -> None:
        self.names = list(sizes)
        self.sizes: list[Size] = list(sizes.values())
        self.links = links
        number = {name: index for index, name in enumerate(self.names)}
        self.ends = [(number[link.source], number[link.target]) for link in links]
        self.layer = _longest_path(len(self.names), self.ends)
        self.up: list[list[int]] = [[] for _ in self.names]
        self.down: list[list[int]] = [[] for _ in self.names]
        self.chains = self._add_placeholders()
        self.rows: list[list[int]] = [[] for _ in range(max(self.layer, default=-1) + 1)]
        for vertex, layer in enumerate(self.layer):
            self.rows[layer].append(vertex)
        self.x: list[float] = [0.0] * len(self.sizes)

    def _add_placeholders(self) -> list[list[int]]:
        """Give each line one vertex a layer that it passes; the last carries its label."""
        total = sum(self.layer[end] - self.layer[start] - 1 for start, end in self.ends)
        chains: list[list[int]] = []
        for link, (start, end) in zip(self.links, self.ends, strict=True):
            chain = [start]
            first = self.layer[start] + 1
            if total > _MOST_PLACEHOLDERS:
                first = self.layer[end] - 1
            for layer in range(first, self.layer[end]):
                labelled = layer == self.layer[end] - 1 and link.label is not None
                self.sizes.append(link.label if labelled and link.label else (8.0, 0.0))
                self.layer.append(layer)
                self.up.append([])
                self.down.append([])
                chain.append(len(self.sizes) - 1)
            chain.append(end)
            for above, below in pairwise(chain):
                self.down[above].append(below)
                self.up[below].append(above)
            chains.append(chain)
        return chains

    def order(self) -> None:
        """Sweep down and up, ordering each layer by the mean place of its neighbours."""
        best, fewest = [list(row) for row in self.rows], self._crossings()
        for sweep in range(_SWEEPS):
            if fewest == 0:
                break
            downwards = sweep % 2 == 0
            near = self.up if downwards else self.down
            place = [0] * len(self.sizes)
            rows = self.rows if downwards else self.rows[::-1]
            for row in rows:
                _sort_by_barycentre(row, near, place)
                for index, vertex in enumerate(row):
                    place[vertex] = index
            crossings = self._crossings()
            if crossings < fewest:
                best, fewest = [list(row) for row in self.rows], crossings
        self.rows = best

    def _crossings(self) -> int:
        place = {vertex: index for row in self.rows for index, vertex in enumerate(row)}
        count = 0
        for row in self.rows:
            seen: list[int] = []
            for vertex in row:
                ends = sorted(place[below] for below in self.down[vertex])
                count += sum(len(seen) - bisect_right(seen, end) for end in ends)
                for end in ends:
                    insort(seen, end)
        return count

    def spread(self) -> None:
        """Move every vertex towards its neighbours as far as order and distances allow."""
        for row in self.rows:
            self._place_row(row, [0.0] * len(row))
        for turn in range(_RELAXATIONS):
            rows = self.rows if turn % 2 == 0 else self.rows[::-1]
            for row in rows:
                wishes = []
                for vertex in row:
                    near = [*self.up[vertex], *self.down[vertex]]
                    mean = sum(self.x[other] for other in near) / len(near) if near else None
                    wishes.append(self.x[vertex] if mean is None else mean)
                self._place_row(row, wishes)

    def _place_row(self, row: list[int], wishes: list[float]) -> None:
        offsets, offset = [], 0.0
        for index, vertex in enumerate(row):
            if index:
                before = self.sizes[row[index - 1]][0]
                offset += (before + self.sizes[vertex][0]) / 2 + GAP_X
            offsets.append(offset)
        fitted = _isotonic([wish - gap for wish, gap in zip(wishes, offsets, strict=True)])
        for vertex, base, gap in zip(row, fitted, offsets, strict=True):
            self.x[vertex] = base + gap

    def result(self) -> Layout:
        """Return the drawing with its left upper corner at (0, 0)."""
        y: list[float] = [0.0] * len(self.sizes)
        top = 0.0
        for row in self.rows:
            height = max((self.sizes[vertex][1] for vertex in row), default=0.0)
            for vertex in row:
                y[vertex] = top + height / 2
            top += height + GAP_Y
        left = min((self.x[v] - self.sizes[v][0] / 2 for v in range(len(self.x))), default=0.0)
        right = max((self.x[v] + self.sizes[v][0] / 2 for v in range(len(self.x))), default=0.0)
        centre = [(self.x[v] - left, y[v]) for v in range(len(self.x))]
        return Layout(
            right - left,
            max(top - GAP_Y, 0.0),
            {name: centre[index] for index, name in enumerate(self.names)},
            tuple(self._route(i, centre) for i in range(len(self.links))),
        )

    def _route(self, index: int, centre: list[Point]) -> Route:
        link, chain = self.links[index], self.chains[index]
        start, end = chain[0], chain[-1]
        points = [centre[vertex] for vertex in chain]
        points[0] = (points[0][0], points[0][1] + self.sizes[start][1] / 2)
        points[-1] = (points[-1][0], points[-1][1] - self.sizes[end][1] / 2)
        label = centre[chain[-2]] if link.label is not None else None
        return Route(link, tuple(points), label)


def _longest_path(count: int, ends: Iterable[tuple[int, int]]) -> list[int]:
    """Return an even layer for each box, so that an odd one for labels lies between.

    Boxes that wait for nothing move down to just above what needs them.
    """
    above: list[list[int]] = [[] for _ in range(count)]
    below: list[list[int]] = [[] for _ in range(count)]
    for start, end in ends:
        above[end].append(start)
        below[start].append(end)
    layer = [0] * count
    for vertex in range(count):
        layer[vertex] = max((layer[other] + 2 for other in above[vertex]), default=0)
    for vertex in range(count):
        if below[vertex] and not above[vertex]:
            layer[vertex] = min(layer[other] for other in below[vertex]) - 2
    return layer


def _sort_by_barycentre(row: list[int], near: list[list[int]], place: list[int]) -> None:
    # A vertex without neighbours on that side keeps its place.
    keys = {}
    for index, vertex in enumerate(row):
        others = near[vertex]
        keys[vertex] = sum(place[other] for other in others) / len(others) if others else index
    row.sort(key=lambda vertex: keys[vertex])


def _isotonic(values: list[float]) -> list[float]:
    """Return the non-decreasing sequence nearest to ``values`` (pool adjacent violators)."""
    pools: list[tuple[float, int]] = []
    for value in values:
        total, count = value, 1
        while pools and pools[-1][0] / pools[-1][1] > total / count:
            before = pools.pop()
            total, count = total + before[0], count + before[1]
        pools.append((total, count))
    return [total / count for total, count in pools for _ in range(count)]
