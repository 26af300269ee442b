"""The container of a step: image, entry point, resources and plain environment."""

from __future__ import annotations

from kalelike.emit.document import Json
from kalelike.emit.inline import pack_code
from kalelike.emit.texts import carried_env
from kalelike.graph.step_code import StepCodeDocument
from kalelike.notebook.options import Resources, StepOptions

COMMAND = ("python3", "-m", "kalelike.runtime")
"""KFP's SubprocessRunner puts the running interpreter in the place of ``python3``."""

EXECUTOR_INPUT = "{{$}}"
"""KFP's placeholder for everything that a step is given; the one placeholder that we use."""

RUNNER_MARK = "--runner=kfp.dsl.executor_main"
"""KFP's SubprocessRunner runs only commands that hold this module's name."""


def build_executor(
    code: StepCodeDocument, options: StepOptions, image: str, *, inline: bool
) -> Json:
    """Return the executor of one step.

    Step name and hash of the code are in the arguments: the backend shares
    specs between equal containers, and its cache looks at arguments but not
    into images.
    """
    args = [str(code.step), code.sha, EXECUTOR_INPUT, RUNNER_MARK]
    if inline:
        args.append(f"--code={pack_code(code.text)}")
    container: Json = {"image": image, "command": list(COMMAND), "args": args}
    if options.env:
        container["env"] = [
            {"name": name, "value": carried_env(value)} for name, value in options.env
        ]
    resources = _resources(options.resources)
    if resources:
        container["resources"] = resources
    return {"container": container}


def _resources(resources: Resources) -> Json:
    stated: Json = {
        "resourceCpuRequest": resources.cpu_request,
        "resourceCpuLimit": resources.cpu_limit,
        "resourceMemoryRequest": resources.memory_request,
        "resourceMemoryLimit": resources.memory_limit,
    }
    if resources.accelerator_type:
        # KFP drops an accelerator without a count.
        stated["accelerator"] = {
            "resourceType": resources.accelerator_type,
            "resourceCount": resources.accelerator_count or "1",
        }
    return {key: value for key, value in stated.items() if value}
