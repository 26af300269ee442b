"""The options that a pipeline and its steps can have, from tags and metadata.

The names follow KFP 2.17's platform document (``kubernetes_executor_config``)
and Kubernetes; quantities are Kubernetes quantities (``500m``, ``2Gi``).
"""

from __future__ import annotations

from dataclasses import dataclass

Pairs = tuple[tuple[str, str], ...]
"""An ordered, hashable mapping from strings to strings."""


@dataclass(frozen=True, slots=True)
class Resources:
    """CPU, memory and accelerators of a step, as Kubernetes quantities."""

    cpu_request: str | None = None
    cpu_limit: str | None = None
    memory_request: str | None = None
    memory_limit: str | None = None
    accelerator_type: str | None = None
    accelerator_count: str | None = None


@dataclass(frozen=True, slots=True)
class SecretEnv:
    """One key of a Kubernetes Secret as an environment variable."""

    secret: str
    key: str
    env: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class SecretVolume:
    """A Kubernetes Secret mounted as files."""

    secret: str
    mount_path: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class ConfigMapEnv:
    """One key of a ConfigMap as an environment variable."""

    config_map: str
    key: str
    env: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class ConfigMapVolume:
    """A ConfigMap mounted as files."""

    config_map: str
    mount_path: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class ClaimMount:
    """An existing PersistentVolumeClaim mounted into the step."""

    claim: str
    mount_path: str
    sub_path: str | None = None


@dataclass(frozen=True, slots=True)
class EphemeralVolume:
    """A generic ephemeral volume, made for the step's pod and deleted with it."""

    name: str
    mount_path: str
    size: str
    access_modes: tuple[str, ...] = ("ReadWriteOnce",)
    storage_class: str | None = None


@dataclass(frozen=True, slots=True)
class EmptyDir:
    """A scratch directory of the pod."""

    name: str
    mount_path: str
    medium: str | None = None
    size: str | None = None


@dataclass(frozen=True, slots=True)
class Toleration:
    """A Kubernetes toleration."""

    key: str | None = None
    operator: str | None = None
    value: str | None = None
    effect: str | None = None
    seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """Further attempts after a failure; back-off in seconds, ``factor`` a whole number."""

    max_retries: int
    backoff_seconds: int = 0
    backoff_factor: int = 2
    backoff_max_seconds: int = 3600


@dataclass(frozen=True, slots=True)
class SecurityContext:
    """Who the step's container runs as."""

    run_as_user: int | None = None
    run_as_group: int | None = None
    run_as_non_root: bool | None = None


@dataclass(frozen=True, slots=True)
class StepOptions:
    """Every option of a step; None and empty mean "not stated"."""

    display_name: str | None = None
    image: str | None = None
    kernel: str | None = None
    requirements: tuple[str, ...] = ()
    resources: Resources = Resources()
    env: Pairs = ()
    field_env: Pairs = ()
    secret_env: tuple[SecretEnv, ...] = ()
    secret_volumes: tuple[SecretVolume, ...] = ()
    config_map_env: tuple[ConfigMapEnv, ...] = ()
    config_map_volumes: tuple[ConfigMapVolume, ...] = ()
    claims: tuple[ClaimMount, ...] = ()
    ephemeral_volumes: tuple[EphemeralVolume, ...] = ()
    empty_dirs: tuple[EmptyDir, ...] = ()
    shared_memory: str | None = None
    labels: Pairs = ()
    annotations: Pairs = ()
    tolerations: tuple[Toleration, ...] = ()
    node_selector: Pairs = ()
    retry: Retry | None = None
    timeout_seconds: int | None = None
    cache: bool | None = None
    report: bool | None = None
    security_context: SecurityContext | None = None
    image_pull_policy: str | None = None
    image_pull_secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PipelineOptions:
    """The settings of a whole pipeline.

    ``step_defaults`` holds for every step, ``step_overrides`` for those that it
    names: a step's own options are laid over both. ``timeout_seconds`` limits
    the whole run; ``ttl_seconds`` is how long a finished run is kept.
    """

    name: str
    description: str = ""
    experiment: str | None = None
    base_image: str | None = None
    step_defaults: StepOptions = StepOptions()
    timeout_seconds: int | None = None
    ttl_seconds: int | None = None
    kfp_host: str | None = None
    output_path: str | None = None
    workspace_size: str | None = None
    step_overrides: tuple[tuple[str, StepOptions], ...] = ()
