"""What can go wrong in a step that is not the notebook's own code raising."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the entry point's process returns."""

    SUCCEEDED = 0
    USER_CODE_FAILED = 1
    BAD_CALL = 2
    """Wrong arguments, a bad code document, a missing file: no attempt can succeed."""
    CANNOT_CROSS = 3
    """A value cannot be saved or loaded."""


class StepError(Exception):
    """A step cannot start or cannot finish, for a reason that is told to the user.

    ``code`` is of kalelike's table of codes; ``hint`` is what to do about it.
    ``name`` is the Python name that is concerned, if one is.
    """

    exit_code = ExitCode.BAD_CALL

    def __init__(self, code: str, message: str, hint: str = "", name: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.name = name

    def __str__(self) -> str:
        return f"{self.message}\n    hint: {self.hint}" if self.hint else self.message


class BadCallError(StepError):
    """The entry point was called wrongly, or with a document that it cannot use."""

    def __init__(self, message: str, hint: str = "", code: str = "KL809") -> None:
        super().__init__(code, message, hint)


class CannotCrossError(StepError):
    """A value cannot be saved, or a saved one cannot be loaded."""

    exit_code = ExitCode.CANNOT_CROSS

    def __init__(self, message: str, hint: str = "", name: str = "", code: str = "KL201") -> None:
        super().__init__(code, message, hint, name)


class BadMetricError(StepError):
    """A metric's expression does not give a number."""

    exit_code = ExitCode.USER_CODE_FAILED

    def __init__(self, message: str, hint: str = "", name: str = "") -> None:
        super().__init__("KL207", message, hint, name)
