"""What images cost: the first build, a rebuild with nothing changed, one edited cell."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from measure import Series, cost_of, kalelike_command, make_parser, must_pass, print_table
from notebooks import write_notebook

from kalelike.image.docker_builder import connect

IMPORTS = (["imports"], "import yaml\nimport numpy as np")


def steps(last: str) -> list[tuple[list[str], str]]:
    """Return five steps that share their requirements."""
    cells = [(["step:s0"], "v0 = np.arange(3) + len(yaml.safe_dump([1]))")]
    cells += [([f"step:s{n}"], f"v{n} = v{n - 1} + len(yaml.safe_dump({n}))") for n in range(1, 4)]
    return [IMPORTS, *cells, (["step:s4"], f"v4 = v3 + {last}\nprint(yaml.safe_dump(int(v4[0])))")]


def main() -> None:
    """Build in a cache of its own, then again, then after an edit; clean up after each round."""
    options = make_parser(__doc__, rounds=5, with_kale=False).parse_args()
    first = Series("first build of 5 steps with shared requirements, wall", "")
    layers = Series("distributions installed in it, more than once", "0", unit="")
    unchanged = Series("rebuild with nothing changed, wall", "0.5 s, no image made")
    cpu = Series("rebuild with nothing changed, CPU", "")
    edited = Series("one cell edited, wall", "1.5 s, one image made")
    client = connect()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed has its bytecode
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            os.environ["KALELIKE_CACHE"] = str(place / "cache")
            notebook = place / f"bench-{os.getpid()}-{number}.ipynb"
            command = [*kalelike_command(), "build", str(notebook), "--base-from-host", "--json"]
            write_notebook(notebook, steps("1"))
            before = images(client)
            cost = must_pass(cost_of(command))
            first.values.append(cost.wall)
            layers.values.append(twice(client, made_by(cost)))
            cost = must_pass(cost_of(command))
            assert not [item for item in made_by(cost) if item["made"]]
            unchanged.values.append(cost.wall)
            cpu.values.append(cost.cpu)
            write_notebook(notebook, steps("2"))
            cost = must_pass(cost_of(command))
            assert [item["step"] for item in made_by(cost) if item["made"]] == ["s4"]
            edited.values.append(cost.wall)
            for name in images(client) - before:
                client.images.remove(name, force=True)
    print_table("Images", [first, layers, unchanged, cpu, edited])


def made_by(cost: Any) -> list[dict[str, Any]]:
    """Return the images that a build tells of."""
    found: list[dict[str, Any]] = json.loads(cost.output.splitlines()[-1])["images"]
    return found


def images(client: Any) -> set[str]:
    """Return the names of all images."""
    return {tag for image in client.images.list() for tag in image.tags}


def twice(client: Any, made: list[dict[str, Any]]) -> float:
    """Return how many more layers the steps have than the one chain they share."""
    chains = [client.api.inspect_image(item["image"])["RootFS"]["Layers"] for item in made]
    return float(len({tuple(chain[:3]) for chain in chains}) - 1)


if __name__ == "__main__":
    main()
