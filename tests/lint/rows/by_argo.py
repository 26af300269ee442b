"""What Argo refuses when a run is created."""

from .row import TASKS, TRAIN_NEEDS, row

ROWS = (
    row(
        "dangling-dependency",
        "unknown-task",
        f"{TASKS}.train.dependentTasks[1]",
        "- lode",
        (TRAIN_NEEDS, TRAIN_NEEDS + "\n        - lode"),
        good=((TRAIN_NEEDS, TRAIN_NEEDS + "\n        - fetch"),),
    ),
    row(
        "cycle",
        "task-cycle",
        f"{TASKS}.load",
        "    load:",
        ("name: comp-load\n", "name: comp-load\n        dependentTasks: [train]\n"),
        good=(("name: comp-load\n", "name: comp-load\n        dependentTasks: [fetch]\n"),),
    ),
    row(
        "self-cycle",
        "task-cycle",
        f"{TASKS}.pick",
        "    pick:",
        ("        - folds\n", "        - folds\n        - pick\n"),
        good=(("        - folds\n", "        - folds\n        - load\n"),),
    ),
    *(
        row(
            f"task-name-{kind}",
            "bad-task-name",
            f"{TASKS}{path}",
            f"      {name}:\n",
            ("      fetch:\n", f"      {name}:\n"),
            good=(("      fetch:\n", f"      {neighbour}:\n"),),
        )
        for kind, name, path, neighbour in (
            ("underscore", "fetch_it", ".fetch_it", "fetch-it"),
            ("dot", "fetch.it", '["fetch.it"]', "Fetch"),
        )
    ),
    row(
        "task-name-leading-digit",
        "bad-task-name",
        f"{TASKS}.2pick",
        "      2pick:\n",
        ("      pick:\n", "      2pick:\n"),
        ("        - pick\n", "        - 2pick\n"),
        ("producerTask: pick", "producerTask: 2pick"),
        good=(
            ("      pick:\n", "      pick2:\n"),
            ("        - pick\n", "        - pick2\n"),
            ("producerTask: pick", "producerTask: pick2"),
        ),
    ),
    row(
        "task-name-too-long",
        "bad-task-name",
        f"{TASKS}.{'p' * 122}",
        f"      {'p' * 122}:\n",
        ("      pick:\n", f"      {'p' * 122}:\n"),
        ("        - pick\n", f"        - {'p' * 122}\n"),
        ("producerTask: pick", f"producerTask: {'p' * 122}"),
        good=(
            ("      pick:\n", f"      {'p' * 121}:\n"),
            ("        - pick\n", f"        - {'p' * 121}\n"),
            ("producerTask: pick", f"producerTask: {'p' * 121}"),
        ),
    ),
    row(
        "task-and-driver",
        "name-clash",
        f"{TASKS}.load-driver",
        "      load-driver:\n",
        ("      fetch:\n", "      load-driver:\n"),
        good=(("      fetch:\n", "      loads-driver:\n"),),
    ),
    *(
        row(
            f"dag-component-{kind}",
            code,
            f"components.{name}",
            f"\n  {name}:",
            ("  comp-folds:\n    dag:", f"  {name}:\n    dag:"),
            ("name: comp-folds", f"name: {name}"),
            good=(
                ("  comp-folds:\n    dag:", "  entry:\n    dag:"),
                ("name: comp-folds", "name: entry"),
            ),
        )
        for kind, name, code in (
            ("underscore", "comp_folds", "bad-component-name"),
            ("entrypoint", "entrypoint", "name-clash"),
        )
    ),
    row(
        "container-component-root",
        "bad-component-name",
        f"{TASKS}.pick.componentRef.name",
        "name: root",
        ("  comp-pick:\n", "  root:\n"),
        ("name: comp-pick", "name: root"),
        good=(("  comp-pick:\n", "  roots:\n"), ("name: comp-pick", "name: roots")),
    ),
    row(
        "two-loops-over-one-component",
        "name-clash",
        f"{TASKS}.sizes-again",
        "      sizes-again:",
        (
            "      pick:\n",
            "      sizes-again:\n        componentRef: {name: comp-sizes}\n"
            "        inputs: {artifacts: {data: {taskOutputArtifact:"
            " {producerTask: load, outputArtifactKey: data}}}}\n"
            "        parameterIterator: {itemInput: size-item, items: {raw: '[4]'}}\n"
            "        taskInfo: {name: sizes-again}\n      pick:\n",
        ),
    ),
    row(
        "recursive-component",
        "recursive-component",
        "components.comp-if-good",
        "  comp-if-good:\n",
        ("name: comp-deploy", "name: comp-if-good"),
        good=(("        deploy:\n", "        deployed:\n"),),
    ),
)
