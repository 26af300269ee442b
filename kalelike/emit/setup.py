"""A pipeline that brings everything along: its first step hands runtime and packages to the rest.

For clusters to which no image can be pushed. What all steps need (the entry
point, data files and helper modules of the notebook, the pinned packages) is
carried once, in the arguments of a task of its own for each image. It leaves
an artifact that every step takes, so a step's own container stays small:
Argo keeps several copies of each container in the one object that it may
fill to 1 MiB, and the backend's cache keeps the packages for the next run.
"""

from __future__ import annotations

import base64
import lzma
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from kalelike.cluster_limits import LARGEST_WORKFLOW
from kalelike.diagnostics import Diagnostic, diagnose
from kalelike.emit.document import Json
from kalelike.emit.executors import EXECUTOR_INPUT, RUNNER_MARK
from kalelike.emit.inline import LARGEST_INLINE
from kalelike.emit.platform import step_config
from kalelike.emit.texts import carried_env
from kalelike.graph.model import PipelineGraph
from kalelike.notebook.options import Resources, StepOptions

SETUP = "kalelike-setup"
"""The name of the first step, of its artifact, and of every other step's input of it."""

_COPIES = 9
"""Of a container's arguments in the Workflow: the document's own, and as input or output of
its driver's node, its task's and its executor's, each of which is there with its attempt."""

# Texts of our own, the same in every document. They find the artifact's folder
# (KFP's launcher shows remote stores at fixed places), and put the entry point
# on the path. KFP's local runner replaces a word here that names the interpreter.
_FIND = """import json,sys
if sys.version_info<(3,11):sys.exit("error: Python 3.11 or newer is needed in the image")
s,c,r={put}["artifacts"]["kalelike-setup"]["artifacts"][0]["uri"].partition("://")
p={{"gs":"/gcs/","s3":"/s3/","minio":"/minio/"}}.get(s,"")+r if c else s
"""
_FIND_INPUT = _FIND.format(put='json.loads(sys.argv[3])["inputs"]')
_FIND_OUTPUT = _FIND.format(put='json.loads(sys.argv[3])["outputs"]')
_MAKE = (
    _FIND_OUTPUT
    + """import base64,lzma,os
d=json.loads(lzma.decompress(base64.b64decode(sys.argv[-1].partition("=")[2])))
for n,t in d["runtime"].items():
    f=p+"/lib/"+n
    os.makedirs(os.path.dirname(f),exist_ok=True)
    open(f,"w",encoding="utf-8").write(t)
sys.path.insert(0,p+"/lib")
from kalelike.runtime.carried import make_setup
sys.exit(make_setup(p,d,sys.argv[1:]))
"""
)
_START = (
    _FIND_INPUT
    + """sys.path.insert(0,p+"/lib")
from kalelike.runtime.carried import start_step
sys.exit(start_step(p,sys.argv[1:]))
"""
)
START_COMMAND = ("python3", "-c", _START)
MAKE_COMMAND = ("python3", "-c", _MAKE)


@dataclass(frozen=True, slots=True)
class Bundle:
    """What all steps need, packed (see ``pack_bundle``), and the hash of its content."""

    packed: str
    sha: str


def brings_everything(ir: Json) -> bool:
    """Tell whether a document's steps start from a first step that brings everything along."""
    for executor in _part(ir, "deploymentSpec", "executors").values():
        container = executor.get("container") if isinstance(executor, dict) else None
        if isinstance(container, dict) and container.get("command") == list(MAKE_COMMAND):
            return True
    return False


def pack_bundle(text: str) -> str:
    """Return text compressed (xz, a tenth smaller than zlib) and in base64."""
    data = lzma.compress(text.encode("utf-8"), preset=9 | lzma.PRESET_EXTREME)
    return base64.b64encode(data).decode("ascii")


def check_bundle(graph: PipelineGraph, bundle: Bundle, largest: str) -> list[Diagnostic]:
    """Refuse a bundle that no argument, or no Workflow, can hold.

    ``largest`` names what takes the most of it.
    """
    size = len(bundle.packed)
    images = {step.options.image or graph.options.base_image for step in graph.steps}
    if size <= LARGEST_INLINE and size * len(images) * _COPIES > LARGEST_WORKFLOW:
        message = (
            f"the steps use {len(images)} images, and each needs {size:,} bytes of code and files,"
            f" of which Argo keeps {_COPIES} copies; it takes {LARGEST_WORKFLOW:,}"
        )
        hint = "use one image for all steps, or have their own built (--registry HOST/PATH)"
        return [diagnose("inline-too-large", message, graph.notebook.location, hint)]
    if size <= LARGEST_INLINE:
        return []
    return [
        diagnose(
            "inline-too-large",
            f"what the steps need takes {len(bundle.packed):,} bytes compressed, and a document"
            f" can carry {LARGEST_INLINE:,}; the largest part is {largest}",
            graph.notebook.location,
            "read large files from a bucket, an address or a volume, or build images",
        )
    ]


def add_setup(
    ir: Json, platform: Json | None, graph: PipelineGraph, tasks: Iterable[str], bundle: Bundle
) -> Json | None:
    """Put the setup tasks into a document, and make each of the named ``tasks`` take from one.

    There is one for each image. Returns the platform document.
    """
    components, executors = _part(ir, "components"), _part(ir, "deploymentSpec", "executors")
    root = _part(ir, "root", "dag", "tasks")
    order = list(root)
    config = step_config(_setup_options(graph.options.step_defaults))
    makers: dict[str, str] = {}
    for task in tasks:
        component = _part(components, str(_part(root, task, "componentRef")["name"]))
        container = _part(executors, str(component["executorLabel"]), "container")
        image = str(container["image"])
        if image not in makers:
            makers[image] = _new_name(root, makers)
        container["command"] = list(START_COMMAND)
        _take(component, _part(root, task), makers[image])
    for image, name in makers.items():
        root[name] = {
            "taskInfo": {"name": name},
            "componentRef": {"name": f"comp-{name}"},
            "cachingOptions": {"enableCache": True},
        }
        components[f"comp-{name}"] = {
            "executorLabel": f"exec-{name}",
            "outputDefinitions": {"artifacts": {SETUP: _TYPE}},
        }
        executors[f"exec-{name}"] = _executor(image, bundle, graph.options.step_defaults)
        if config:
            platform = _with_config(platform, f"exec-{name}", config)
    for task in order:  # The first step comes first.
        root[task] = root.pop(task)
    return platform


_TYPE: Json = {"artifactType": {"schemaTitle": "system.Artifact", "schemaVersion": "0.0.1"}}


def _new_name(root: Mapping[str, object], makers: Mapping[str, str]) -> str:
    number = len(makers) + 1
    name = SETUP if number == 1 else f"{SETUP}-{number}"
    while name in root or name in makers.values():
        number += 1
        name = f"{SETUP}-{number}"
    return name


def _take(component: Json, task: Json, maker: str) -> None:
    inputs = component.setdefault("inputDefinitions", {})
    _part(inputs).setdefault("artifacts", {})
    _part(inputs, "artifacts")[SETUP] = _TYPE
    given = task.setdefault("inputs", {})
    _part(given).setdefault("artifacts", {})
    _part(given, "artifacts")[SETUP] = {
        "taskOutputArtifact": {"producerTask": maker, "outputArtifactKey": SETUP}
    }
    before = task.setdefault("dependentTasks", [])
    assert isinstance(before, list)
    before.insert(0, maker)


def _executor(image: str, bundle: Bundle, defaults: StepOptions) -> Json:
    args = [SETUP, bundle.sha, EXECUTOR_INPUT, RUNNER_MARK, f"--bundle={bundle.packed}"]
    container: Json = {"image": image, "command": list(MAKE_COMMAND), "args": args}
    if defaults.env:
        container["env"] = [
            {"name": name, "value": carried_env(value)} for name, value in defaults.env
        ]
    return {"container": container}


def _setup_options(defaults: StepOptions) -> StepOptions:
    """Keep what decides where and as whom a pod runs, and what it may read."""
    plain = StepOptions()
    return replace(
        defaults, resources=Resources(), retry=None, timeout_seconds=None, claims=plain.claims,
        ephemeral_volumes=(), empty_dirs=(), shared_memory=None, report=None, cache=None,
    )  # fmt: skip


def _with_config(platform: Json | None, executor: str, config: Json) -> Json:
    platform = platform or {"platforms": {"kubernetes": {}}}
    kubernetes = _part(platform, "platforms", "kubernetes")
    kubernetes.setdefault("deploymentSpec", {"executors": {}})
    _part(kubernetes, "deploymentSpec", "executors")[executor] = config
    return platform


def _part(value: object, *keys: str) -> Json:
    for key in keys:
        assert isinstance(value, dict)
        value = value[key]
    assert isinstance(value, dict)
    return value
