"""What KFP's compiler refuses when a run is created."""

from .row import EXECUTORS, PLATFORM, TASKS, TRAIN_COUNT, TRAIN_NEEDS, row

ROWS = (
    row(
        "dangling-producer",
        "unknown-task",
        f"{TASKS}.train.inputs.parameters.count.taskOutputParameter.producerTask",
        "producerTask: lode",
        (TRAIN_COUNT, TRAIN_COUNT.replace("Task: load", "Task: lode")),
        good=((TRAIN_NEEDS, "name: comp-train"),),
    ),
    row(
        "missing-executor",
        "unknown-executor",
        "components.comp-cv.executorLabel",
        "executorLabel: exec-vc",
        ("executorLabel: exec-cv", "executorLabel: exec-vc"),
        good=(("executorLabel: exec-cv", "executor_label: exec-cv"),),
    ),
    row(
        "missing-component",
        "unknown-component",
        f"{TASKS}.pick.componentRef.name",
        "name: comp-pik",
        ("name: comp-pick", "name: comp-pik"),
        good=(("name: comp-pick", "name: 'comp-pick'"),),
    ),
    row(
        "platform-executor-unknown-field",
        "unknown-field",
        f"{PLATFORM}.exec-load.imagePolicy",
        "imagePolicy:",
        ("imagePullPolicy: IfNotPresent", "imagePolicy: IfNotPresent"),
        good=(("imagePullPolicy: IfNotPresent", "image_pull_policy: IfNotPresent"),),
    ),
    row(
        "number-is-text",
        "bad-field-value",
        f"{PLATFORM}.exec-load.activeDeadlineSeconds",
        "activeDeadlineSeconds: abc",
        ("activeDeadlineSeconds: 1800", "activeDeadlineSeconds: abc"),
        good=(("activeDeadlineSeconds: 1800", 'activeDeadlineSeconds: "1800"'),),
    ),
    row(
        "number-is-text-in-executor",
        "bad-field-value",
        f"{EXECUTORS}.exec-load.container.resources.cpuLimit",
        "cpuLimit: abc",
        (
            "        resources:\n          resourceCpuRequest: 500m",
            "        resources:\n          cpuLimit: abc\n          resourceCpuRequest: 500m",
        ),
        good=(
            (
                "        resources:\n          resourceCpuRequest: 500m",
                "        resources:\n          cpuLimit: 2.0\n          resourceCpuRequest: 500m",
            ),
        ),
        also="bad-container",
    ),
    row(
        "empty-dag",
        "empty-dag",
        "components.comp-empty.dag",
        "comp-empty:\n    dag:",
        (
            "components:\n  comp-load:",
            "components:\n  comp-empty:\n    dag: {tasks: {}}\n  comp-load:",
        ),
        (
            "    tasks:\n      fetch:",
            "    tasks:\n      none: {componentRef: {name: comp-empty}, taskInfo: {name: none}}\n"
            "      fetch:",
        ),
        # A component that nobody calls has no effect.
        good=(
            (
                "components:\n  comp-load:",
                "components:\n  comp-empty:\n    dag: {tasks: {}}\n  comp-load:",
            ),
        ),
    ),
    row(
        "required-parameter",
        "required-parameter",
        "root.inputDefinitions.parameters.lr",
        "    parameters:\n      rows:\n        parameterType: NUMBER_INTEGER\n"
        "        defaultValue: 100\n        isOptional: true\n      lr:",
        ("        defaultValue: 0.1\n        isOptional: true\n", ""),
        good=(
            (
                "        defaultValue: 0.1\n        isOptional: true\n",
                "        defaultValue: 0.1\n",
            ),
        ),
    ),
    row(
        "artifact-iterator",
        "not-supported",
        f"{TASKS}.sizes.artifactIterator",
        "artifactIterator:",
        (
            "        parameterIterator:\n          itemInput: size-item\n          items:\n"
            '            raw: "[1, 2, 3]"\n',
            "        artifactIterator: {itemInput: data, items: {inputArtifact: data}}\n",
        ),
        also="missing-input",
    ),
    row(
        "conditional-importer",
        "not-supported",
        f"{TASKS}.fetch.triggerPolicy.condition",
        "triggerPolicy: {condition:",
        (
            "        taskInfo:\n          name: fetch\n",
            "        taskInfo:\n          name: fetch\n"
            '        triggerPolicy: {condition: "true"}\n',
        ),
    ),
    row(
        "root-and-non-root",
        "bad-platform-value",
        f"{PLATFORM}.exec-train.securityContext.runAsUser",
        "runAsUser: 0",
        ("runAsUser: 1000", "runAsUser: 0"),
        good=(("runAsUser: 1000", "runAsUser: 1"),),
    ),
    row(
        "workspace-claim-field",
        "unknown-field",
        "platforms.kubernetes.pipelineConfig.workspace.kubernetes.pvcSpecPatch.volumeMode",
        "volumeMode:",
        (
            "accessModes: [ReadWriteOnce]\n    deploymentSpec",
            "accessModes: [ReadWriteOnce]\n            volumeMode: Block\n    deploymentSpec",
        ),
        good=(
            (
                "accessModes: [ReadWriteOnce]\n    deploymentSpec",
                "accessModes: [ReadWriteOnce]\n            storageClassName: fast\n"
                "    deploymentSpec",
            ),
        ),
    ),
)
