"""Notebooks that state much beside their code, each a golden case."""

from __future__ import annotations

from typing import Any

from tests.emit.compiling import Cells
from tests.emit.every_option import EVERY_PIPELINE_SETTING, EVERY_SETTING, EVERY_TAG

CASES: dict[str, tuple[Cells, dict[str, Any]]] = {
    "options_by_tags": (
        [("|".join(("step:one", *EVERY_TAG)), "x = 1"), ("step:two", "y = x")],
        {},
    ),
    "options_by_metadata": (
        [("step:one|label:tag-label:tag-value", "x = 1"), ("step:two", "y = x")],
        {
            "kalelike": {
                **EVERY_PIPELINE_SETTING,
                "steps": {"one": EVERY_SETTING, "two": ["cache:disabled", "timeout:5m"]},
            }
        },
    ),
    "kale_1": (
        [
            ("imports", "import math"),
            ("parameters", "rate = -0.5"),
            ("block:load|annotation:home:http://x.y:80/z", "data = [math.pi * rate]"),
            ("block:train|prev:load|limit:nvidia.com/gpu:1", "total = sum(data)"),
            ("skip", "print('not here')"),
            ("block:tell|prev:train|hide-input", "print('done')"),
            ("pipeline-metrics", "print(total)"),
        ],
        {
            "kubeflow_notebook": {
                "pipeline_name": "old-kale",
                "experiment": {"id": "new", "name": "trial"},
                "experiment_name": "trial",
                "pipeline_description": "It's an old one",
                "docker_image": "registry.example/old:1",
                "autosnapshot": True,
                "snapshot_volumes": False,
                "steps_defaults": ["label:team:ml", "limit:memory:2Gi"],
                "volumes": [
                    {
                        "type": "pvc",
                        "name": "data-claim",
                        "mount_point": "/data",
                        "size": 5,
                        "size_type": "Gi",
                        "annotations": [],
                        "snapshot": False,
                        "expose_as_env_var": True,
                    }
                ],
            }
        },
    ),
    "kale_2_3": (
        [
            ("pipeline-parameters", "rows = 3"),
            ("step:load|secret:db:password:DB_PW|cache:disabled", "data = list(range(rows))"),
            ("step:show|prev:load|image:python:3.12|report:disabled", "print(data)"),
        ],
        {
            "kubeflow_notebook": {
                "pipeline_name": "new-kale",
                "experiment_name": "trial",
                "enable_caching": True,
                "timeout": 3600,
                "security_context": {"enabled": True},
            }
        },
    ),
    "texts": (
        [
            (
                "pipeline-parameters",
                "quote = \"it's\"\nargo = '{{workflow.name}}'\nshell = '$(HOME) $$'\n"
                "path = 'C:\\\\new\\\\table'\nlines = 'a\\nb'\nword = 'é数'\n"
                "pair = (1, 2.0)\ntable = {'b': 1, 'a': None}\nnothing = None\nλ = -1",
            ),
            (
                "step:Été 2",
                "found = [quote, argo, shell, path, lines, word, pair, table, nothing, λ]",
            ),
        ],
        {"kalelike": {"name": "Texts: {x} & é", "defaults": {"env": {"ARGO": "{{x}} $(y)"}}}},
    ),
}
