"""IPython's shell without files, terminal and history, its displays handed to a recorder."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from IPython.core.autocall import ExitAutocall
from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

Emit = Callable[[dict[str, Any]], None]


def make_interactive_shell(
    module: types.ModuleType, emit: Emit, file_name: Callable[[], str]
) -> Any:
    """Make the process's IPython shell over ``module``.

    ``emit`` gets every output in nbformat's form; ``file_name`` names the code
    that runs next.
    """
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.autocall = 0
    config.InteractiveShell.cache_size = 1000
    shell: Any = _Shell.instance(
        config=config,
        user_module=module,
        user_ns=module.__dict__,
        exiter=_Exit(),  # type: ignore[no-untyped-call]
    )
    compiler: Any = _Compiler()  # type: ignore[no-untyped-call]
    compiler.current_name = file_name
    shell.compile = compiler
    shell.display_pub.emit = emit
    shell.displayhook.emit = emit
    return shell


class _Exit(ExitAutocall):
    """What ``exit`` and ``quit`` are: the notebook would lose its kernel, a step fails."""

    def __call__(self, *arguments: object) -> None:
        raise SystemExit(*(arguments or ("the notebook's own code ended its kernel",)))

    def __repr__(self) -> str:
        return "exit"


class _Hook(DisplayHook):
    """Hands the value of a cell's last expression to the recorder."""

    emit: Emit

    def write_output_prompt(self) -> None:
        pass

    def start_displayhook(self) -> None:
        pass

    def write_format_data(
        self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None
    ) -> None:
        self.emit(
            {
                "output_type": "execute_result",
                "data": _jsonable(format_dict),
                "metadata": md_dict or {},
                "execution_count": getattr(self.shell, "execution_count", None),
            }
        )

    def finish_displayhook(self) -> None:
        pass

    def log_output(self, format_dict: dict[str, Any]) -> None:
        pass


class _Publisher(DisplayPublisher):
    """Hands what ``display`` shows to the recorder."""

    emit: Emit

    def publish(  # type: ignore[override]
        self, data: dict[str, Any], metadata: Any = None, **kwargs: Any
    ) -> None:
        del kwargs
        self.emit(
            {
                "output_type": "display_data",
                "data": _jsonable(data),
                "metadata": metadata or {},
            }
        )

    def clear_output(self, wait: bool = False) -> None:
        del wait
        self.emit({"output_type": "clear"})


class _Compiler(CachingCompiler):
    """Names compiled code after the notebook's cell, so that tracebacks do too."""

    current_name: Callable[[], str]

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        del raw_code, transformed_code, number
        return self.current_name()


class _Shell(InteractiveShell):
    """The shell itself: errors are recorded by the step, not printed here."""

    displayhook_class = Type(_Hook)
    display_pub_class = Type(_Publisher)

    def enable_gui(self, gui: Any = None) -> None:
        """There is no event loop to start for ``%matplotlib`` and the like."""

    def showtraceback(self, *args: Any, **kwargs: Any) -> None:
        """The step reports the exception, with the notebook's own frames only."""

    def showsyntaxerror(self, *args: Any, **kwargs: Any) -> None:
        """See :meth:`showtraceback`."""

    def init_readline(self) -> None:
        """There is no terminal."""


def _jsonable(data: dict[str, Any]) -> dict[str, Any]:
    """Encode images as nbformat does: bytes in base64."""
    import base64

    return {
        key: base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else value
        for key, value in data.items()
    }
