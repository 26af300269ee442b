"""What fails in the middle of a run, or never: values, inputs, outputs, expressions."""

from .row import CONDITION, EXECUTORS, LR, MODE, OPTS, TASKS, TRAIN_COUNT, TRAIN_INFO, VERBOSE, row

ROWS = (
    row(
        "constant-of-wrong-type",
        "bad-constant",
        f"{TASKS}.train.inputs.parameters.verbose.runtimeValue.constant",
        "verbose:\n              runtimeValue:\n                constant:",
        (VERBOSE, VERBOSE.replace("true", '"true"')),
        good=((VERBOSE, VERBOSE.replace("true", "no-value").replace("no-value", "false")),),
    ),
    row(
        "constant-not-allowed",
        "bad-constant",
        f"{TASKS}.train.inputs.parameters.mode.runtimeValue.constant",
        "constant: slow",
        (MODE, MODE.replace("fast", "slow")),
        good=((MODE, MODE.replace("fast", "exact")),),
    ),
    row(
        "default-of-wrong-type",
        "bad-constant",
        "root.inputDefinitions.parameters.rows.defaultValue",
        'defaultValue: "100"',
        ("defaultValue: 100", 'defaultValue: "100"'),
        good=(("defaultValue: 100", "defaultValue: 100.0"),),
    ),
    row(
        "unknown-input",
        "unknown-input",
        f"{TASKS}.train.inputs.parameters.rl",
        "            rl:",
        (LR, LR + "\n            rl: {componentInputParameter: lr}"),
        good=((LR, "lr: {componentInputParameter: lr}"),),
    ),
    row(
        "unknown-input-artifact",
        "unknown-input",
        f"{TASKS}.pick.inputs.artifacts.model",
        "artifacts: {model:",
        (
            "                outputParameterKey: scores\n",
            "                outputParameterKey: scores\n"
            "          artifacts: {model: {taskOutputArtifact:"
            " {producerTask: train, outputArtifactKey: model}}}\n",
        ),
    ),
    row(
        "missing-input",
        "missing-input",
        f"{TASKS}.train.inputs",
        "name: comp-train\n        dependentTasks:\n        - load\n        inputs:",
        (f"            {LR}\n", ""),
        good=(
            (f"            {LR}\n", ""),
            (
                "lr:\n          parameterType: NUMBER_DOUBLE",
                "lr:\n          parameterType: NUMBER_DOUBLE\n          isOptional: true",
            ),
        ),
    ),
    row(
        "missing-input-artifact",
        "missing-input",
        f"{TASKS}.train.inputs",
        "name: comp-train\n        dependentTasks:\n        - load\n        inputs:",
        (
            "          isOptional: true\n      parameters:\n        lr:",
            "      parameters:\n        lr:",
        ),
    ),
    row(
        "default-without-optional",
        "missing-input",
        "components.comp-train.inputDefinitions.parameters.lr",
        "verbose:\n          parameterType: BOOLEAN\n        lr:",
        (f"            {LR}\n", ""),
        ("        lr:\n          parameterType: NUMBER_DOUBLE\n        count:", "        count:"),
        (
            "        verbose:\n          parameterType: BOOLEAN\n",
            "        verbose:\n          parameterType: BOOLEAN\n        lr:\n"
            "          parameterType: NUMBER_DOUBLE\n          defaultValue: 0.5\n",
        ),
        good=(
            (f"            {LR}\n", ""),
            (
                "        lr:\n          parameterType: NUMBER_DOUBLE\n        count:",
                "        lr:\n          parameterType: NUMBER_DOUBLE\n          defaultValue: 0.5\n"
                "          isOptional: true\n        count:",
            ),
        ),
    ),
    row(
        "unknown-output",
        "unknown-output",
        f"{TASKS}.train.inputs.parameters.count.taskOutputParameter.outputParameterKey",
        "outputParameterKey: counts",
        ("outputParameterKey: count\n", "outputParameterKey: counts\n"),
    ),
    row(
        "unknown-output-artifact",
        "unknown-output",
        f"{TASKS}.if-good.inputs.artifacts.model.taskOutputArtifact.outputArtifactKey",
        "outputArtifactKey: accuracy",
        (
            "                producerTask: train\n                outputArtifactKey: model",
            "                producerTask: train\n                outputArtifactKey: accuracy",
        ),
    ),
    row(
        "unknown-component-input",
        "unknown-component-input",
        f"{TASKS}.train.inputs.parameters.lr.componentInputParameter",
        "componentInputParameter: rl",
        (LR, LR.replace(": lr", ": rl")),
    ),
    row(
        "unknown-component-input-artifact",
        "unknown-component-input",
        "components.comp-if-good.dag.tasks.deploy.inputs.artifacts.model.componentInputArtifact",
        "componentInputArtifact: modle",
        ("componentInputArtifact: model", "componentInputArtifact: modle"),
    ),
    row(
        "type-mismatch",
        "type-mismatch",
        f"{TASKS}.train.inputs.parameters.count.taskOutputParameter.outputParameterKey",
        f"{TRAIN_COUNT}\n                outputParameterKey: claim",
        ("outputParameterKey: count\n", "outputParameterKey: claim\n"),
        # Every kind of number fits every other.
        good=(
            (
                "        count:\n          parameterType: NUMBER_INTEGER\n        folds:",
                "        count:\n          parameterType: NUMBER_DOUBLE\n        folds:",
            ),
        ),
    ),
    row(
        "untyped-parameter",
        "untyped-parameter",
        "components.comp-pick.inputDefinitions.parameters.scores",
        "  comp-pick:\n    executorLabel: exec-pick\n    inputDefinitions:\n      parameters:\n"
        "        scores:",
        (
            "    executorLabel: exec-pick\n    inputDefinitions:\n      parameters:\n"
            "        scores:\n          parameterType: LIST",
            "    executorLabel: exec-pick\n    inputDefinitions:\n      parameters:\n"
            "        scores:\n          description: of all folds",
        ),
    ),
    row(
        "optional-reaches-required",
        "optional-reaches-required",
        f"{TASKS}.train.inputs.parameters.lr.componentInputParameter",
        LR,
        ("        defaultValue: 0.1\n        isOptional: true\n", "        isOptional: true\n"),
        good=(
            ("        defaultValue: 0.1\n        isOptional: true\n", "        isOptional: true\n"),
            (
                "        lr:\n          parameterType: NUMBER_DOUBLE\n        count:",
                "        lr:\n          parameterType: NUMBER_DOUBLE\n          isOptional: true\n"
                "        count:",
            ),
        ),
    ),
    row(
        "bad-placeholder",
        "bad-placeholder",
        f"{EXECUTORS}.exec-load.container.args[1]",
        "parameters['row']",
        ("parameters['rows']", "parameters['row']"),
    ),
    row(
        "bad-placeholder-image",
        "bad-placeholder",
        f"{EXECUTORS}.exec-train.container.image",
        'image: "{{$.inputs',
        ("image: registry.example/team/train:1", "image: \"{{$.inputs.parameters['picture']}}\""),
        good=(
            ("image: registry.example/team/train:1", "image: \"{{$.inputs.parameters['mode']}}\""),
        ),
    ),
    row(
        "placeholder-not-replaced",
        "unreplaced-placeholder",
        f"{EXECUTORS}.exec-load.container.args[3]",
        "artifacts['data'].metadata",
        ("artifacts['data'].path", "artifacts['data'].metadata"),
        good=(("artifacts['data'].path", "artifacts['data'].uri"),),
    ),
    row(
        "placeholder-in-variable",
        "unreplaced-placeholder",
        f"{EXECUTORS}.exec-load.container.env[0].value",
        'value: "{{$.inputs',
        ("value: info", "value: \"{{$.inputs.parameters['rows']}}\""),
        good=(("value: info", 'value: "{$}"'),),
    ),
    row(
        "omitted-value",
        "omitted-value",
        f"{EXECUTORS}.exec-load.container.args[2]",
        "- --note={{$.inputs",
        (
            """- '{"IfPresent": {"InputName": "note", "Then": ["--note", """
            """"{{$.inputs.parameters[''note'']}}"]}}'""",
            "- --note={{$.inputs.parameters['note']}}",
        ),
    ),
    row(
        "missing-task-info",
        "missing-task-info",
        f"{TASKS}.train",
        "      train:\n",
        (TRAIN_INFO, ""),
        good=((TRAIN_INFO, "        taskInfo: {name: Training}\n"),),
    ),
    *(
        row(
            f"cel-{kind}",
            "bad-expression",
            f"{TASKS}.if-good.triggerPolicy.condition",
            "          condition:",
            (CONDITION, bad),
            good=((CONDITION, good),),
        )
        for kind, bad, good in (
            (
                "field",
                "inputs.parameterValues['accuracy'] > 0.9",
                "inputs.parameter_values.accuracy > 0.9",
            ),
            (
                "syntax",
                "inputs.parameter_values['accuracy'] >> 0.9",
                "!(inputs.parameter_values['accuracy'] <= 0.9)",
            ),
            (
                "key",
                "inputs.parameter_values['accurcy'] > 0.9",
                "'accurcy' in inputs.parameter_values",
            ),
            ("function", "len(inputs.parameter_values) > 0", "size(inputs.parameter_values) > 0"),
            ("name", "accuracy > 0.9", "double(inputs.parameter_values['accuracy']) > 0.9"),
        )
    ),
    row(
        "cel-selector",
        "bad-expression",
        f"{TASKS}.train.inputs.parameters.opts.parameterExpressionSelector",
        "parameterExpressionSelector:",
        (
            f"runtimeValue:\n                {OPTS}",
            f"runtimeValue:\n                {OPTS}\n"
            "              parameterExpressionSelector: parseJson(value)['a']",
        ),
        good=(
            (
                f"runtimeValue:\n                {OPTS}",
                f"runtimeValue:\n                {OPTS}\n"
                "              parameterExpressionSelector: parseJson(string_value)['a']",
            ),
        ),
    ),
    row(
        "dag-output-task",
        "bad-dag-output",
        "components.comp-folds.dag.outputs.parameters.scores.valueFromParameter.producerSubtask",
        "producerSubtask: vc",
        ("producerSubtask: cv", "producerSubtask: vc"),
    ),
    row(
        "dag-output-key",
        "bad-dag-output",
        "root.dag.outputs.artifacts.train-model.artifactSelectors[0].outputArtifactKey",
        "- outputArtifactKey: modle",
        ("- outputArtifactKey: model", "- outputArtifactKey: modle"),
        good=(("- outputArtifactKey: model", "- outputArtifactKey: metrics"),),
    ),
    row(
        "loop-item",
        "bad-loop",
        f"{TASKS}.sizes.parameterIterator.itemInput",
        "itemInput: size-itm",
        ("itemInput: size-item", "itemInput: size-itm"),
        also="missing-input unknown-component-input",
    ),
    row(
        "loop-items",
        "bad-loop",
        f"{TASKS}.folds.parameterIterator.items.inputParameter",
        "inputParameter: fold\n",
        ("inputParameter: folds\n", "inputParameter: fold\n"),
    ),
    row(
        "loop-raw",
        "bad-loop",
        f"{TASKS}.sizes.parameterIterator.items.raw",
        "raw: 1, 2, 3",
        ('raw: "[1, 2, 3]"', "raw: 1, 2, 3"),
        good=(('raw: "[1, 2, 3]"', 'raw: "[]"'),),
    ),
    row(
        "loop-item-type",
        "bad-loop",
        f"{TASKS}.sizes.parameterIterator.items.raw",
        "raw: '[\"a",
        ('raw: "[1, 2, 3]"', "raw: '[\"a\"]'"),
        good=(('raw: "[1, 2, 3]"', "raw: '[1.5]'"),),
    ),
    row(
        "importer-without-uri",
        "missing-input",
        f"{EXECUTORS}.exec-fetch.importer.artifactUri",
        "artifactUri:",
        (
            "          constant: s3://bucket/data.csv\n        typeSchema",
            '          constant: ""\n        typeSchema',
        ),
    ),
)
