"""Why a pod does not start: as the cluster says where a kubeconfig is at hand, else a guess."""

from __future__ import annotations

from collections.abc import Iterable
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
    "FailedMount": "a volume cannot be mounted; check that the claim exists and is bound",
}


def waiting_reason(target: Target, workflow: str, step: KfpStep) -> str:
    """Return why a step's pod waits, as one line."""
    try:
        pods, namespace = _pods(target, workflow)
    except Exception:
        # No kubernetes client, no configuration, no right to list pods: all the same here.
        pods, namespace = [], target.namespace or "kubeflow"
    for pod in pods:
        reason = _pod_reason(pod)
        if reason:
            return reason
    place = f"-n {namespace} -l workflows.argoproj.io/workflow={workflow}"
    return (
        f"still waits for its pod; perhaps the image {step.image} is large or cannot be pulled,"
        f" or no node has the resources: kubectl describe pod {place}"
    )


def _pods(target: Target, workflow: str) -> tuple[Iterable[Any], str]:
    from kubernetes import client, config

    configuration = client.Configuration()
    config.load_kube_config(
        context=target.kube_context, client_configuration=configuration, persist_config=False
    )
    namespace = target.namespace or "kubeflow"
    with client.ApiClient(configuration) as api:
        found = client.CoreV1Api(api).list_namespaced_pod(
            namespace,
            label_selector=f"workflows.argoproj.io/workflow={workflow}",
            field_selector="status.phase=Pending",
            _request_timeout=_SECONDS,
        )
    return found.items, namespace


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
