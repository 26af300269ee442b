"""PROVISIONAL - to be replaced."""


def check_text(text, source):
    return ()


def check_documents(ir, platform, source):
    return ()


def estimate_workflow_size(ir, platform):
    return 0
