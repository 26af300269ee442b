"""Section 3: sizes."""

from .row import CV_ARGS, EXECUTORS, Edit, row


def _many(count: int) -> tuple[Edit, ...]:
    task = (
        "{componentRef: {name: comp-fetch}, taskInfo: {name: f}, inputs:"
        " {parameters: {uri: {runtimeValue: {constant: s3://bucket/data.csv}}}}}"
    )
    tasks = "".join(f"      fetch-{number}: {task}\n" for number in range(count))
    return (("    tasks:\n      fetch:\n", f"    tasks:\n{tasks}      fetch:\n"),)


ROWS = (
    row("too-many-steps", "too-many-steps", None, "pipelineInfo:", *_many(150), good=_many(130)),
    row(
        "workflow-too-large",
        "pipeline-too-large",
        None,
        "pipelineInfo:",
        *_many(900),
        also="argument-too-large",
    ),
    row(
        "argument-too-large",
        "argument-too-large",
        f"{EXECUTORS}.exec-cv.container",
        "    exec-cv:\n      container:",
        (CV_ARGS, f"args: [{'x' * 131_072}]"),
        good=((CV_ARGS, f"args: [{'x' * 130_000}]"),),
    ),
    row(
        "parameters-too-large",
        "parameters-too-large",
        "root.inputDefinitions.parameters.long",
        "      long:",
        (
            "      lr:\n        parameterType",
            "      long: {parameterType: STRING, defaultValue: "
            f"{'x' * 10_000}}}\n      lr:\n        parameterType",
        ),
        good=(
            (
                "      lr:\n        parameterType",
                "      long: {parameterType: STRING,"
                f" defaultValue: {'x' * 9_900}}}\n      lr:\n        parameterType",
            ),
        ),
    ),
)
