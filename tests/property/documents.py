"""What the compiler makes of generated programs, as hashes: to compare processes by.

A script: ``python -m tests.property.documents FIRST LAST`` prints one hash a program.
"""

from __future__ import annotations

import hashlib
import sys

from kalelike.compiler import compile_notebook
from kalelike.emit import to_yaml
from kalelike.errors import CompileError
from tests.equivalence.harness import write_notebook
from tests.property.executor import fast_folder
from tests.property.garbling import tags_of
from tests.property.generator.programs import from_seed


def documents(first: int, last: int) -> list[str]:
    """Return a hash of the document, the steps' code and the diagnostics of each seed."""
    found = []
    with fast_folder() as folder:
        for seed in range(first, last):
            cells = [(" ".join(tags_of(tag)), source) for tag, source in from_seed(seed).cells]
            path = write_notebook(folder / "nb.ipynb", cells)
            try:
                made = compile_notebook(path, inline=seed % 2 == 0)
            except CompileError as error:
                text = "\n".join(map(str, error.diagnostics))
            else:
                parts = [to_yaml(made.document), *(item.text for item in made.codes)]
                text = "\n".join([*parts, *map(str, made.diagnostics)])
            found.append(hashlib.sha256(text.replace(str(folder), "").encode()).hexdigest())
    return found


if __name__ == "__main__":
    print("\n".join(documents(int(sys.argv[1]), int(sys.argv[2]))))
