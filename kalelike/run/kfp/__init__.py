"""Runs on Kubeflow Pipelines: submitted, followed, and their results read back."""
