"""Why a pod does not start: as the cluster says where a kubeconfig is at hand, else a guess."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator
from typing import Any

from kalelike.run.kfp.steps import KfpStep
from kalelike.run.kfp.target import Target

_SECONDS = 5

# What the kubelet and the scheduler call it, and what a user can do.
_REMEDIES = {
    "ErrImagePull": "the image cannot be pulled; check its name and the pull secret",
    "ImagePullBackOff": "the image cannot be pulled; check its name and the pull secret",
    "InvalidImageName": "the image's name is not valid",
    "ErrImageNeverPull": "the image is not on the node and may not be pulled",
    "CreateContainerConfigError": "a secret, config map or key that the step names is missing",
    "CreateContainerError": "the container cannot be made",
    "Unschedulable": "no node has the resources, or fits the selectors, that the step asks for",
    "FailedMount": "a volume cannot be mounted; check that the claim, secret or map exists",
    "FailedAttachVolume": "a volume cannot be attached to the node",
    "FailedScheduling": "no node has the resources, or fits the selectors, that the step asks for",
    "FailedCreatePodSandBox": "the node cannot make the pod; its administrator has to look",
    "FailedCreate": "the pod is not admitted (a quota, a policy, or its service account)",
}


def waiting_reason(
    target: Target, workflow: str, step: KfpStep, nodes: Collection[str] = ()
) -> str:
    """Return why a step's pod waits, as one line; ``nodes`` are the ids of its nodes."""
    numbers = {node.rpartition("-")[2] for node in nodes}
    namespace = target.namespace or "kubeflow"
    # No kubernetes client, no configuration, no right to list pods: all the same here.
    with contextlib.suppress(Exception), _cluster(target) as core:
        found = core.list_namespaced_pod(
            namespace,
            label_selector=f"workflows.argoproj.io/workflow={workflow}",
            field_selector="status.phase=Pending",
            _request_timeout=_SECONDS,
        ).items
        own = [pod for pod in found if pod.metadata.name.rpartition("-")[2] in numbers]
        for pod in own or ([] if numbers else found):
            reason = _pod_reason(pod) or _event_reason(core, namespace, pod.metadata.name)
            if reason:
                return reason
    place = f"-n {namespace} -l workflows.argoproj.io/workflow={workflow}"
    return (
        f"still waits for its pod; perhaps the image {step.image} is large or cannot be pulled,"
        f" or no node has the resources: kubectl describe pod {place}"
    )


def workflow_message(target: Target, workflow: str) -> str:
    """Return what Argo says of a workflow that failed; empty where it cannot be asked."""
    with contextlib.suppress(Exception), _cluster(target) as core:
        from kubernetes import client

        found = client.CustomObjectsApi(core.api_client).get_namespaced_custom_object(
            "argoproj.io", "v1alpha1", target.namespace or "kubeflow", "workflows", workflow,
            _request_timeout=_SECONDS,
        )  # fmt: skip
        status = found.get("status") or {}
        nodes = (status.get("nodes") or {}).values()
        texts = [node.get("message") for node in nodes if node.get("phase") == "Error"]
        text = next((item for item in (*texts, status.get("message")) if item), "")
        return " ".join(str(text).split())[:300]
    return ""


@contextlib.contextmanager
def _cluster(target: Target) -> Iterator[Any]:
    """Give the API of the cluster that a kubeconfig names; raises what the client raises."""
    from kubernetes import client, config

    configuration = client.Configuration()
    config.load_kube_config(
        config_file=os.environ.get("KUBECONFIG") or None,
        context=target.kube_context,
        client_configuration=configuration,
        persist_config=False,
    )
    configuration.retries = False
    with client.ApiClient(configuration) as api:
        yield client.CoreV1Api(api)


def _event_reason(core: Any, namespace: str, pod: str) -> str:
    """Say what the newest warning about a pod tells: volumes and nodes stand nowhere else."""
    found = core.list_namespaced_event(
        namespace, field_selector=f"involvedObject.name={pod},type=Warning",
        _request_timeout=_SECONDS,
    ).items  # fmt: skip
    told = [event for event in found if event.reason in _REMEDIES]
    return _line(told[-1].reason, told[-1].message or "") if told else ""


def _pod_reason(pod: Any) -> str:
    """Say what a pending pod's state tells; empty where it is merely being started."""
    status = pod.status
    for container in (*(status.init_container_statuses or ()), *(status.container_statuses or ())):
        waiting = container.state.waiting if container.state else None
        if waiting is not None and waiting.reason in _REMEDIES:
            return _line(waiting.reason, f"{container.image}: {waiting.message or ''}")
    for condition in status.conditions or ():
        if condition.reason == "Unschedulable":
            return _line("Unschedulable", condition.message or "")
    return ""


def _line(reason: str, message: str) -> str:
    return f"{reason}: {_REMEDIES[reason]} ({' '.join(message.split())[:300]})"
