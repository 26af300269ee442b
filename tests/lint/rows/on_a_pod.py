"""What Kubernetes or the driver refuses of a step's pod."""

from .row import EXECUTORS, LOAD_ENV, PLATFORM, row

ROWS = (
    *(
        row(
            f"bad-{kind}",
            "bad-quantity",
            f"{EXECUTORS}.exec-load.container.resources.{field}",
            f"{field}: {bad}",
            (f"{field}: {right}", f"{field}: {bad}"),
            good=((f"{field}: {right}", f"{field}: {good}"),),
        )
        for kind, field, right, bad, good in (
            ("cpu", "resourceCpuLimit", '"2"', "2cores", "2000m"),
            ("memory", "resourceMemoryLimit", "4Gi", "4GB", "4G"),
            ("memory-request-above-limit", "resourceMemoryRequest", "1Gi", "8Gi", "4Gi"),
        )
    ),
    row(
        "bad-storage",
        "bad-quantity",
        f"{PLATFORM}.exec-train.emptyDirMounts[0].sizeLimit",
        "sizeLimit: 1 Gi",
        ("sizeLimit: 1Gi", "sizeLimit: 1 Gi"),
        good=(("sizeLimit: 1Gi", 'sizeLimit: "1e9"'),),
    ),
    row(
        "bad-workspace-size",
        "bad-quantity",
        "platforms.kubernetes.pipelineConfig.workspace.size",
        "size: ten",
        ("size: 10Gi", "size: ten"),
        good=(("size: 10Gi", "size: 10G"),),
    ),
    row(
        "bad-pull-policy",
        "bad-pull-policy",
        f"{PLATFORM}.exec-load.imagePullPolicy",
        "imagePullPolicy: Sometimes",
        ("imagePullPolicy: IfNotPresent", "imagePullPolicy: Sometimes"),
        good=(("imagePullPolicy: IfNotPresent", "imagePullPolicy: Never"),),
    ),
    row(
        "bad-label-value",
        "bad-label",
        f"{PLATFORM}.exec-load.podMetadata.labels.team",
        "team: m l",
        ("team: ml", "team: m l"),
        good=(("note: hi", "note: m l"),),
    ),
    row(
        "bad-label-key",
        "bad-label",
        f'{PLATFORM}.exec-train.nodeSelector.labels["disk!"]',
        "disk!:",
        ("disk: ssd", "disk!: ssd"),
        good=(("disk: ssd", "example.com/disk: ssd"),),
    ),
    row(
        "bad-env-name",
        "bad-env-name",
        f"{EXECUTORS}.exec-load.container.env[0].name",
        "- name: 1LOG",
        (LOAD_ENV, "- name: 1LOG"),
        good=((LOAD_ENV, "- name: log.level"),),
    ),
    row(
        "bad-env-name-of-secret",
        "bad-env-name",
        f"{PLATFORM}.exec-load.secretAsEnv[0].keyToEnv[0].envVar",
        "envVar: DB PASSWORD",
        ("envVar: DB_PASSWORD", "envVar: DB PASSWORD"),
        good=(("envVar: DB_PASSWORD", "envVar: _DB"),),
    ),
    row(
        "empty-image",
        "bad-container",
        f"{EXECUTORS}.exec-train.container.image",
        'image: ""',
        ("image: registry.example/team/train:1", 'image: ""'),
        good=(("image: registry.example/team/train:1", "image: train"),),
    ),
    row(
        "no-image",
        "bad-container",
        f"{EXECUTORS}.exec-train.container",
        "    exec-train:\n      container:\n",
        ("        image: registry.example/team/train:1\n", ""),
    ),
    row(
        "no-command",
        "bad-container",
        f"{EXECUTORS}.exec-train.container",
        "    exec-train:\n      container:\n",
        ('        command: [python, -m, train]\n        args: [train, "{{$}}"]\n', ""),
        good=(("        command: [python, -m, train]\n", ""),),
    ),
    row(
        "mount-path-missing",
        "bad-platform-value",
        f"{PLATFORM}.exec-train.emptyDirMounts[0]",
        "- volumeName: scratch",
        ("            mountPath: /scratch\n", ""),
    ),
    row(
        "mount-path-twice",
        "bad-platform-value",
        f"{PLATFORM}.exec-train.emptyDirMounts[0].mountPath",
        "- volumeName: scratch\n            mountPath: /data",
        ("mountPath: /scratch", "mountPath: /data"),
        good=(("mountPath: /scratch", "mountPath: /data/scratch"),),
    ),
    row(
        "volume-name-twice",
        "bad-platform-value",
        f"{PLATFORM}.exec-train.emptyDirMounts[0].volumeName",
        "emptyDirMounts:\n          - volumeName: big",
        ("volumeName: scratch", "volumeName: big"),
    ),
    row(
        "secret-without-name",
        "bad-platform-value",
        f"{PLATFORM}.exec-load.secretAsEnv[0]",
        "secretAsEnv:\n          - keyToEnv",
        (
            "          - secretNameParameter:\n              runtimeValue:\n"
            "                constant: db\n            keyToEnv",
            "          - keyToEnv",
        ),
        good=(
            (
                "secretNameParameter:\n              runtimeValue:\n                constant: db",
                "secretName: db",
            ),
        ),
    ),
    row(
        "claim-of-unknown-task",
        "unknown-task",
        f"{PLATFORM}.exec-train.pvcMount[0].pvcNameParameter.taskOutputParameter.producerTask",
        "producerTask: fetch",
        (
            "producerTask: load\n                outputParameterKey: claim",
            "producerTask: fetch\n                outputParameterKey: claim",
        ),
        good=(
            (
                "producerTask: load\n                outputParameterKey: claim",
                "producerTask: load\n                outputParameterKey: count",
            ),
        ),
    ),
    row(
        "claim-of-unknown-output",
        "unknown-output",
        f"{PLATFORM}.exec-train.pvcMount[0].pvcNameParameter.taskOutputParameter"
        ".outputParameterKey",
        "outputParameterKey: clam",
        ("outputParameterKey: claim", "outputParameterKey: clam"),
    ),
    row(
        "claim-of-unknown-input",
        "unknown-component-input",
        f"{PLATFORM}.exec-train.pvcMount[0].pvcNameParameter.componentInputParameter",
        "componentInputParameter: disk",
        (
            "taskOutputParameter:\n                producerTask: load\n"
            "                outputParameterKey: claim",
            "componentInputParameter: disk",
        ),
        good=(
            (
                "taskOutputParameter:\n                producerTask: load\n"
                "                outputParameterKey: claim",
                "componentInputParameter: rows",
            ),
        ),
    ),
    row(
        "toleration",
        "bad-platform-value",
        f"{PLATFORM}.exec-train.tolerations[0].effect",
        "effect: NoExecution",
        ("effect: NoSchedule", "effect: NoExecution"),
        good=(("effect: NoSchedule", "effect: NoExecute"),),
    ),
    row(
        "affinity-operator",
        "bad-platform-value",
        f"{PLATFORM}.exec-train.nodeAffinity[0].matchExpressions[0].operator",
        "operator: Is",
        ("operator: In", "operator: Is"),
        good=(("operator: In", "operator: NotIn"),),
    ),
    row(
        "access-mode",
        "bad-platform-value",
        f"{PLATFORM}.exec-train.genericEphemeralVolume[0].accessModes[0]",
        "[ReadWriteTwice",
        (
            "accessModes: [ReadWriteOnce]\n            default",
            "accessModes: [ReadWriteTwice]\n            default",
        ),
    ),
    row(
        "field-path",
        "bad-platform-value",
        f"{PLATFORM}.exec-train.fieldPathAsEnv[0].fieldPath",
        "fieldPath: status.ip",
        ("fieldPath: status.podIP", "fieldPath: status.ip"),
        good=(("fieldPath: status.podIP", "fieldPath: metadata.name"),),
    ),
)
