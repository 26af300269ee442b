"""What is dropped without a word."""

from .row import CV_ARGS, EXECUTORS, PIPELINE_END, PLATFORM, TASKS, TRAIN_NEEDS, row

ROWS = (
    row(
        "executor-unknown-field",
        "dropped-field",
        f"{EXECUTORS}.exec-cv.container.arguments",
        "arguments:",
        (CV_ARGS, f'{CV_ARGS}\n        arguments: ["-v"]'),
        good=((CV_ARGS, f"{CV_ARGS}\n        lifecycle: {{}}"),),
    ),
    row(
        "platform-unknown-executor",
        "unknown-platform-executor",
        f"{PLATFORM}.exec-lode",
        "        exec-lode:",
        ("        exec-load:\n          secretAsEnv", "        exec-lode:\n          secretAsEnv"),
    ),
    row(
        "platform-typo-at-top",
        "dropped-platform",
        "platforms.kubernetes.deploymentSpecs",
        "deploymentSpecs:",
        (
            "    deploymentSpec:\n      executors:\n        exec-load:\n          sec",
            "    deploymentSpecs:\n      executors:\n        exec-load:\n          sec",
        ),
    ),
    row(
        "platform-other-name",
        "dropped-platform",
        "platforms",
        "platforms:",
        ("platforms:\n  kubernetes:", "platforms:\n  kubernets:"),
    ),
    row(
        "pipeline-config-typo",
        "dropped-platform",
        "platforms.kubernetes.pipelineConfig.activeDeadlineSecs",
        "activeDeadlineSecs:",
        ("activeDeadlineSeconds: 86400", "activeDeadlineSecs: 86400"),
        good=(("activeDeadlineSeconds: 86400", "active_deadline_seconds: 86400"),),
    ),
    row(
        "third-document",
        "dropped-document",
        None,
        "---\nplatform:",
        (PIPELINE_END, PIPELINE_END + "platform: {kubernetes: {}}\n---\n"),
        good=((PIPELINE_END, PIPELINE_END + "---\n"),),
    ),
    row(
        "shared-memory",
        "dropped-option",
        f"{PLATFORM}.exec-train.enabledSharedMemory",
        "enabledSharedMemory:",
        (
            "          emptyDirMounts:\n",
            "          enabledSharedMemory: {volumeName: shm, size: 1Gi}\n"
            "          emptyDirMounts:\n",
        ),
        good=(
            (
                "          - volumeName: scratch\n",
                "          - {volumeName: shm, mountPath: /dev/shm, medium: Memory}\n"
                "          - volumeName: scratch\n",
            ),
        ),
    ),
    row(
        "workspace-without-claim",
        "dropped-option",
        "platforms.kubernetes.pipelineConfig.workspace",
        "      workspace:",
        (
            "        kubernetes:\n          pvcSpecPatch:\n"
            "            accessModes: [ReadWriteOnce]\n",
            "",
        ),
    ),
    row(
        "workspace-without-modes",
        "bad-platform-value",
        "platforms.kubernetes.pipelineConfig.workspace.kubernetes.pvcSpecPatch",
        "          pvcSpecPatch:",
        (
            "            accessModes: [ReadWriteOnce]\n    deploymentSpec",
            "            storageClassName: fast\n    deploymentSpec",
        ),
        good=(
            (
                "            accessModes: [ReadWriteOnce]\n    deploymentSpec",
                "            accessModes: [ReadWriteMany]\n    deploymentSpec",
            ),
        ),
    ),
    row(
        "workspace-modes-no-texts",
        "bad-field-value",
        "platforms.kubernetes.pipelineConfig.workspace.kubernetes.pvcSpecPatch.accessModes",
        "            accessModes: [[",
        (
            "            accessModes: [ReadWriteOnce]\n    deploymentSpec",
            "            accessModes: [[ReadWriteOnce]]\n    deploymentSpec",
        ),
    ),
    row(
        "accelerator-without-count",
        "dropped-option",
        f"{EXECUTORS}.exec-train.container.resources.accelerator",
        "accelerator:",
        ('            resourceCount: "1"\n', ""),
    ),
    row(
        "duplicate-dependency",
        "duplicate-dependency",
        f"{TASKS}.train.dependentTasks[1]",
        "dependentTasks:\n        - load\n        - load",
        (TRAIN_NEEDS, TRAIN_NEEDS + "\n        - load"),
        good=((TRAIN_NEEDS, TRAIN_NEEDS + "\n        - fetch"),),
    ),
    row(
        "newer-field",
        "newer-field",
        f"{PLATFORM}.exec-train.initContainers",
        "initContainers:",
        (
            "          emptyDirMounts:\n",
            "          initContainers: [{name: a, image: b}]\n          emptyDirMounts:\n",
        ),
    ),
)
