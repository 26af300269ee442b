"""IPython's magics and shell lines: which are settings, code, files or display."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Callable

from kalelike.dataflow.files import PREFIX, normal_path
from kalelike.dataflow.foreign import SETTING_MAGICS, ForeignEvaluator
from kalelike.dataflow.values import SCALAR, Value
from kalelike.notebook.ipython_syntax import Magic
from kalelike.runtime.foreign_cell import KERNELS, declared_names

_CODE = frozenset({"time", "prun", "memit", "lprun", "mprun"})
_SHOWS = frozenset(
    {"who", "whos", "who_ls", "pwd", "ls", "ll", "history", "hist", "lsmagic", "magic", "pinfo",
     "pinfo2", "pdoc", "pdef", "psource", "pfile", "quickref", "html", "HTML", "latex", "svg",
     "SVG", "javascript", "js", "markdown", "dirs", "conda", "pip", "system", "sx", "tb", "debug",
     "reset_selective_", "page", "notebook", "watermark", "logstart", "logstop", "bookmark"}
)  # fmt: skip
_SHELLS = frozenset({"bash", "sh", "script", "cmd", "perl", "ruby", "system", "sx", "!"})
_INTERPOLATED = re.compile(r"(?<![\\$])\$\{?([A-Za-z_]\w*)|\{([A-Za-z_]\w*)[^}]*\}")
_ASSIGNMENT = re.compile(r"^\s*([A-Za-z_]\w*)\s*(?:=|\s)\s*(.*)$", re.DOTALL)
_PYLAB = (
    "import numpy, matplotlib",
    "from matplotlib import pylab, mlab, pyplot",
    "import numpy as np",
    "from matplotlib import pyplot as plt",
    "from IPython.display import display",
    "from IPython.core.pylabtools import figsize, getfigs",
)
_PYLAB_ALL = ("from matplotlib.pylab import *", "from numpy import *")


class MagicEvaluator(ForeignEvaluator):
    """Interprets magics by what they stand for; the real IPython runs them in the step."""

    magics: tuple[Magic, ...] = ()

    def run_magic(self, node: ast.Call) -> Value:
        """Run the magic whose number is the call's argument."""
        argument = node.args[0]
        assert isinstance(argument, ast.Constant)
        magic = self.magics[int(str(argument.value))]
        if magic.kind == "help":
            self.fx.shows = True
            return SCALAR
        if magic.kind == "shell":
            return self._shell(magic.argument, node)
        if magic.name in _SHELLS:
            return self._shell(magic.body or magic.argument, node)
        handler: Callable[[Magic, ast.Call], Value] | None = getattr(
            self, f"_magic_{magic.name}", None
        )
        if handler is not None:
            return handler(magic, node)
        if magic.name in _CODE:
            if magic.kind == "line":
                return self._code(magic.argument, node)
            return SCALAR
        if magic.name in SETTING_MAGICS:
            self.set_magic(magic.name, magic.argument, node)
            return SCALAR
        if magic.name in _SHOWS:
            self.fx.shows = True
            return self.fresh(node)
        reads, writes = declared_names(magic.argument) if magic.kind == "cell" else ((), ())
        if reads or writes or (magic.kind == "cell" and magic.name in KERNELS):
            return self._foreign(magic.name, reads, writes, node)
        self._interpolated(magic.argument + (magic.body or ""), node)
        self.fx.impure.setdefault("%" + magic.name, self.site(node))
        return self.fresh(node)

    def _magic_xdel(self, magic: Magic, node: ast.Call) -> Value:
        """Delete a name, and IPython's own references to what it was."""
        name = magic.argument.removeprefix("-n").strip()
        return self._code(f"del {name}", node) if name.isidentifier() else SCALAR

    def _foreign(
        self, name: str, reads: tuple[str, ...], writes: tuple[str, ...], node: ast.Call
    ) -> Value:
        """Run a cell in another language: it takes and gives what its first line names."""
        for item in reads:
            self.load_name(item, node)
        for item in writes:
            self.store_name(item, self.fresh(node), node)
        self.fx.impure.setdefault("%" + name, self.site(node))
        self.fx.shows = True
        return self.fresh(node)

    def _code(self, text: str, node: ast.AST) -> Value:
        """Interpret the Python statement that a line magic runs in the notebook's namespace."""
        text = re.sub(r"^(\s*-[a-zA-Z]+(\s+\d+)?)+\s+", "", text)
        try:
            tree = ast.parse(text.strip())
        except SyntaxError:
            return SCALAR
        self.keep_alive.append(tree)
        result: Value = SCALAR
        for statement in tree.body:
            ast.increment_lineno(statement, getattr(node, "lineno", 1) - 1)
            if isinstance(statement, ast.Expr):
                result = self.evaluate(statement.value)
            else:
                self.execute([statement])
        return result

    def _magic_pylab(self, magic: Magic, node: ast.Call) -> Value:
        """Bind what ``%pylab`` binds, as ``IPython.core.pylabtools.import_pylab`` lists it."""
        self.set_magic(magic.name, magic.argument, node)
        for line in _PYLAB if "--no-import-all" in magic.argument else (*_PYLAB, *_PYLAB_ALL):
            self._code(line, node)
        return SCALAR

    def _magic_timeit(self, magic: Magic, node: ast.Call) -> Value:
        self.fx.shows = True
        if magic.kind == "line":

            def timed() -> None:
                self._code(magic.argument, node)

            self.optional(timed)
        return SCALAR

    def _magic_capture(self, magic: Magic, node: ast.Call) -> Value:
        for word in magic.argument.split():
            if word.isidentifier():
                self.store_name(word, self.fresh(node), node)
                break
        return SCALAR

    def _magic_writefile(self, magic: Magic, node: ast.Call) -> Value:
        words = _words(magic.argument)
        append = "-a" in words or "--append" in words
        for word in words:
            if not word.startswith("-"):
                target = self.text(word)
                paths = [path for _, path in self.places(target) if path is not None]
                for path in paths:
                    # It says whether it overwrites.
                    for name in self.known_files(path):
                        self.record_read(name, node)
                self.write_file(target, node, whole=not append)
                self.written_sources.update(dict.fromkeys(paths, None if append else magic.body))
                break
        return SCALAR

    _magic_file = _magic_writefile

    def _magic_run(self, magic: Magic, node: ast.Call) -> Value:
        words = [word for word in _words(magic.argument) if not word.startswith("-")]
        if words:
            name = words[0] if words[0].endswith((".py", ".ipynb")) else words[0] + ".py"
            self.read_file(self.text(name), node)
        self.fx.dynamic.setdefault("%run", self.site(node))
        self.bind_dynamically(SCALAR, node)
        return SCALAR

    def _magic_store(self, magic: Magic, node: ast.Call) -> Value:
        self.fx.impure.setdefault("%store", self.site(node))
        for word in magic.argument.split():
            if word.isidentifier():
                self.load_name(word, node)
        return SCALAR

    def _interpolated(self, text: str, node: ast.AST) -> None:
        for match in _INTERPOLATED.finditer(text):
            name = match.group(1) or match.group(2)
            if name in self.names or any(name in frame.local_vars for frame in self.frames):
                self.load_name(name, node)

    def _shell(self, command: str, node: ast.AST) -> Value:
        """Read the files that a shell command names, write those that it redirects to."""
        self._interpolated(command, node)
        self.fx.shows = True
        words = _words(command)
        if words[:1] and words[0] in ("pip", "pip3", "conda", "mamba", "apt", "apt-get"):
            return self.fresh(node)
        self.fx.impure.setdefault("!" + (words[0] if words else ""), self.site(node))
        previous = ""
        for word in words:
            path = self._place(word.lstrip("<>"))
            if word.startswith(">") or previous in (">", ">>", "-o", "-O", "tee", "touch", "mkdir"):
                if path and word not in (">", ">>"):
                    self.write_file(self.text(word.lstrip("<>")), node, whole=previous != ">>")
            elif path and self.known_files(path) and not word.startswith("-"):
                for name in self.known_files(path):
                    self.record_read(name, node)
                if words[0] in ("rm", "mv", "cp", "sed"):
                    self.write_file(self.text(word), node, whole=False)
            elif path and previous in ("mv", "cp") and PREFIX + path not in self.names:
                self.fx.data_files.setdefault(path, self.site(node))
            if not word.startswith("-"):
                previous = word
        return self.fresh(node)

    def _place(self, word: str) -> str | None:
        """Return the normal path of a word of a shell command."""
        return normal_path(self.in_folder(word)[0])


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=False)
    except ValueError:
        return text.split()
