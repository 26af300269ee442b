"""Foreign code: what calls of libraries and builtins do, by the library model."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from kalelike.dataflow.builtin_calls import everything_of
from kalelike.dataflow.deep_learning import DeepLearningEvaluator
from kalelike.dataflow.expressions import CONTAINERS, IN_CELLS, in_cells
from kalelike.dataflow.files import named_file
from kalelike.dataflow.machine import FOLDER, HISTORY
from kalelike.dataflow.seeding import is_seeded
from kalelike.dataflow.texts import join_path
from kalelike.dataflow.values import (
    CODE,
    DEFAULTS,
    GRADED,
    SCALAR,
    STOCHASTIC,
    WILD,
    Obj,
    Value,
    reach,
)

_QUERY_NAME = re.compile(r"@([A-Za-z_]\w*)")
_PATHS = frozenset({"pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath"})
_GENERATORS = tuple(
    (name, f"seeds_{name}", f"draws_{name}") for name in ("numpy", "python", "torch", "keras")
)
_SUFFIXES = {
    "numpy.save": ".npy",
    "numpy.savez": ".npz",
    "numpy.savez_compressed": ".npz",
}
_MAPPED = {"numpy.memmap": 2, "numpy.lib.format.open_memmap": 1}
"""Arrays in files, and where the mode stands among their arguments."""
_MEMORY = frozenset({"array", "frame", "opaque"})
_SPLIT = frozenset({"array", "frame", "list"})
_REPLACES = frozenset(
    {"bfill", "clip", "ffill", "fillna", "interpolate", "mask", "replace", "where"}
)
"""Methods that may write into a frame's own memory with inplace=True."""
_COPIES = frozenset({"copy.copy", "copy.deepcopy", "sklearn.base.clone"})
_LARGE = 48
"""More objects than a structure has whose copies are told apart."""
_SHARED_BY_COPIES = frozenset({"function", "class", "member", "module", "builtin", "text"})
_FORMULA_NAME = re.compile(r"[A-Za-z_]\w*")

SETTING_MAGICS = frozenset(
    {"matplotlib", "config", "load_ext", "reload_ext", "unload_ext", "autoreload", "env",
     "set_env", "cd", "precision", "xmode", "colors", "pylab", "automagic", "alias", "pprint",
     "gui", "autosave", "doctest_mode", "pdb", "autocall", "warnings", "watermark_"}
)  # fmt: skip
"""Line magics that set something for the whole process."""


def callables_of(everything: Iterable[Obj]) -> set[Obj]:
    """Return the functions of the notebook among objects."""
    return {item for item in everything if item.kind in ("function", "method")}


def _cells(everything: set[Obj]) -> list[Obj]:
    """Return what the cells of a frame made from these may be, beside numbers and texts."""
    outer = everything | {part for item in everything for part in item.contents}
    return [item for item in reach(everything) if item.kind in IN_CELLS and item not in outer]


def _filled(arguments: list[Value], keywords: dict[str, Value]) -> bool:
    """Tell whether new memory is that of a buffer, or holds objects (None at first)."""
    kind = keywords.get("dtype") or (arguments[1] if len(arguments) > 1 else SCALAR)
    holds_objects = any(item.path in ("builtins.object", "object", "O") for item in kind)
    return "buffer" in keywords or holds_objects


def _copied(value: Value, *, deep: bool) -> list[Obj]:
    """Return the objects that a copy of ``value`` makes anew."""
    found = dict.fromkeys(item for item in value if item.kind not in _SHARED_BY_COPIES)
    stack = list(found) if deep else []
    while stack:
        for part in stack.pop().contents:
            if part.kind not in _SHARED_BY_COPIES and part not in found:
                found[part] = None
                stack.append(part)
    return list(found)


class ForeignEvaluator(DeepLearningEvaluator):
    """Asks the library model what a call does; assumes the worst of what it does not know."""

    def call_library(
        self, path: str, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        """Call a function known by dotted path; see :class:`CallEvaluator`."""
        if path.startswith("builtins."):
            return self.call_builtin(path[9:], arguments, keywords, node)
        everything = everything_of(arguments, keywords)
        if path.startswith("IPython.display.") and path.endswith((".display", ".get_ipython")):
            self.fx.shows = True
            self.show(everything, node)
        elif not path.startswith("numpy."):
            # Other libraries may fill what they are given.
            self.unfilled -= everything
        self.touch_arguments(arguments, keywords, node)
        self._world(path, arguments, keywords, node)
        if path.startswith(("statsmodels.", "patsy.")):
            self._formula(everything, node)
        library = self.library
        if self._changes_first(path) and arguments:
            self.change(arguments[0], node)
            for item in arguments[0]:
                item.hold(everything - {item})
        self._outputs(path, arguments, keywords, node)
        uncrossable = library.uncrossable.get(path)
        if uncrossable:
            made = self.make(node, "uncrossable")
            made.path = uncrossable
            return frozenset((made,))
        if library.function_is(path, "generators"):
            return self.fresh(node, "stream", self._streams(everything))
        if not library.function_is(path, "pure") and not library.function_is(path, "settings"):
            return self._call_unmodelled(path, everything, keywords, node)
        found = self._path_function(path, arguments, keywords, node)
        if found is not None:
            return found
        if path in _COPIES and arguments:
            return self.clone(arguments[0], node, deep=path != "copy.copy")
        if path.endswith(".train_test_split"):
            return self._split_result(arguments, node)
        result = self._pure_result(path, everything, keywords, node)
        self._note_gradients(path, keywords, result)
        self.keras_made(path, result)
        if library.function_is(path, "uninitialised") and not _filled(arguments, keywords):
            self.unfilled |= result
        return result

    def _note_gradients(self, path: str, keywords: dict[str, Value], result: Value) -> None:
        if "requires_grad" in keywords or self.library.function_is(path, "graded"):
            for item in result:
                item.mark(GRADED)

    def _outputs(
        self, path: str, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> None:
        """Record arrays that a function fills: ``out=``, or a ufunc's argument after its inputs."""
        self.change(keywords.get("out", SCALAR), node)
        for category, position in (("fills_second", 1), ("fills_third", 2)):
            if len(arguments) > position and self.library.function_is(path, category):
                self.change(arguments[position], node)

    def _path_function(
        self, path: str, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value | None:
        if path in ("glob.glob", "glob.iglob") and arguments:
            return self.fresh(node, "list", self.any_text(self.known_texts(arguments[0])))
        if path in _PATHS:
            return self.path_of(arguments)
        if path in ("os.getcwd", "pathlib.Path.cwd"):
            return self.process[FOLDER]
        if path in ("logging.getLogger", "logging.Logger.getChild"):
            # A logger belongs to the process: what is set on it is set for all its code.
            return frozenset((self.member("logging.Logger"),))
        if path in ("logging.StreamHandler", "logging.NullHandler"):
            return frozenset((self.member("logging.Handler"),))
        if path == "os.fspath" and arguments:
            return arguments[0]
        if path.startswith("os.path."):
            return self.path_function(path[8:], arguments)
        return self.keras_result(path, arguments, keywords, node)

    def _changes_first(self, path: str) -> bool:
        return self.library.function_is(path, "changes_first")

    def _pure_result(
        self, path: str, everything: set[Obj], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        library = self.library
        last = path.rpartition(".")[2]
        views = library.function_is(path, "views")
        coded = any(item.traits & CODE for item in everything)
        holds = everything if views else callables_of(reach(everything)) if coded else ()
        if library.function_is(path, "figures"):
            return self.fresh(node, "figure", everything)
        if library.function_is(path, "scalars") and not last[:1].isupper():
            return SCALAR
        if library.function_is(path, "frames"):
            frame = self.make(node, "frame", _cells(everything))
            if path == "pandas.DataFrame":
                given = {item for item in everything if item.kind == "array"}
                self.looks_at.setdefault(frame, set()).update(given)
            return frozenset((frame,))
        if library.function_is(path, "estimators") and last[:1].isupper():
            made = self.make(node, "estimator", everything)
            made.path = path
            if self._makes_stochastic(path, keywords, node):
                made.mark(STOCHASTIC)
            return frozenset((made,))
        if views and path.startswith("numpy."):
            # The result may be its argument, or look at its memory.
            own = self.make(node, "array", role="view")
            looked_at = {own, *(item for item in everything if item.kind in _MEMORY)}
            return self.fresh(node, "list", looked_at) if "split" in last else frozenset(looked_at)
        if library.function_is(path, "arrays"):
            array = self.make(node, "array", holds)
            array.path = "" if holds else "fresh"
            return frozenset((array,))
        if path in ("io.StringIO", "io.BytesIO"):
            return self.fresh(node, "buffer")
        made = self.make(node, "opaque", holds)
        if path == "collections.defaultdict":
            made.path = DEFAULTS
        elif not holds:
            made.path = "fresh"
        if self._makes_stochastic(path, keywords, node):
            made.mark(STOCHASTIC)
        return frozenset((made,))

    def _makes_stochastic(self, path: str, keywords: dict[str, Value], node: ast.AST) -> bool:
        """Tell whether what a class gives draws from a global generator when it is used."""
        known = "stochastic" in self.library.categories(path)
        return (known or self._draws_with(path, keywords)) and not is_seeded(keywords, node)

    def _draws_with(self, path: str, keywords: dict[str, Value]) -> bool:
        """Tell whether one of the arguments makes a function draw random numbers."""
        return any(word in keywords for word in self.library.draws_with.get(path, ()))

    def clone(self, value: Value, node: ast.AST, *, deep: bool) -> Value:
        """Copy objects; functions, classes and modules are shared by every copy.

        In a large structure one copy stands for all objects of a class: a copy
        that is copied again, by code that calls itself, would grow without end.
        """
        originals = _copied(value, deep=deep)
        large = len(originals) > _LARGE
        copies: dict[Obj, Obj] = {}
        for item in originals:
            role = f"copies:{item.kind}:{id(item.cls)}" if large else f"copy:{id(item)}"
            copy = copies[item] = self.make(node, item.kind, role=role)
            copy.cls, copy.function, copy.path = item.cls, item.function, item.path
            copy.mark(item.traits)
            if item.cls is not None:
                item.cls.add_parent(copy)
        for item, copy in copies.items():
            contents = tuple(item.contents)
            copy.hold([copies.get(part, part) for part in contents] if deep else contents)
        return frozenset(copies.get(item, item) for item in value)

    def _split_result(self, arguments: list[Value], node: ast.AST) -> Value:
        """``train_test_split`` gives two new objects, of the same kind, for every argument."""
        made = self.make(node, "list")
        parts: list[Value] = []
        for position, value in enumerate(arguments):
            kinds = {item.kind for item in value}
            kind = kinds.pop() if len(kinds) == 1 and kinds <= _SPLIT else "opaque"
            for half in ("train", "test"):
                parts.append(frozenset((self.make(node, kind, role=f"{half}{position}"),)))
        made.parts = tuple(parts)
        made.hold(item for part in parts for item in part)
        return frozenset((made,))

    def _call_unmodelled(
        self, path: str, everything: set[Obj], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        self.fx.calls_unknown.setdefault(path, self.site(node))
        self.change_deep(everything, node)
        for name in list(self.names):
            if name.startswith("@random:") and not is_seeded(keywords, node):
                self.draw(name[8:], node)
        made = self.make(node, "opaque", everything)
        return frozenset((made,))

    # -- effects on the world ----------------------------------------------------

    def _world(
        self, path: str, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> None:
        known = self.library.categories(path)
        if "settings" in known:
            self.set_process(path, everything_of(arguments, keywords), node)
        if "shows" in known:
            self.fx.shows = True
        if "clocks" in known:
            self.fx.impure.setdefault(path, self.site(node))
        self._random(path, arguments, keywords, node)
        self.keras_function(path, node)
        self._files(path, known, arguments, keywords, node)
        for item in arguments[0] if path == "importlib.reload" and arguments else ():
            for name in self.known_files(f"{item.path.replace('.', '/')}.py"):
                self.record_read(name, node)

    def _files(
        self,
        path: str,
        known: frozenset[str],
        arguments: list[Value],
        keywords: dict[str, Value],
        node: ast.AST,
    ) -> None:
        """Record the files and folders that a function reads, writes, makes or enters."""
        first = named_file(arguments, keywords)
        self.mention_files(arguments, keywords, node)
        if "opens_file" in known:
            mode = arguments[1] if len(arguments) > 1 else keywords.get("mode")
            self.open_file(first, self.known_texts(mode)[0] if mode is not None else "r", node)
        if path in _MAPPED:
            at = _MAPPED[path]
            mode = arguments[at] if len(arguments) > at else keywords.get("mode")
            self.open_file(first, self.known_texts(mode)[0] if mode is not None else "r+", node)
        if path == "shutil.make_archive":
            place = arguments[2] if len(arguments) > 2 else keywords.get("root_dir")
            self.read_file(place if place is not None else self.text("."), node)
        if path in ("shelve.open", "dbm.open", "shutil.make_archive"):
            # Suffixes are added to the name.
            self.write_file(self.any_text(t + WILD for t in self.known_texts(first)), node)
        if "reads_file" in known:
            self.read_file(first, node)
        if "makes_folder" in known:
            self.make_folder(first, node)
        if path == "os.chdir":
            self.enter_folder(first, node)
        if "removes_file" in known:
            self.remove_file(first, node)
        if "writes_file" in known:
            target = self._with_suffix(path, first)
            self.write_file(target, node, whole=not path.startswith(("sqlite3", "logging")))
        if "writes_second" in known:
            if path.startswith(("shutil.", "os.")):
                self.read_file(first, node)
            if path in ("shutil.move", "os.rename", "os.replace"):
                self.remove_file(first, node)
            self.write_file(named_file(arguments[1:], keywords), node)

    def _with_suffix(self, path: str, target: Value) -> Value:
        """NumPy appends its suffix to a name that lacks it."""
        suffix = _SUFFIXES.get(path)
        if suffix is None:
            return target
        texts = self.known_texts(target)
        return self.any_text(text if text.endswith(suffix) else text + suffix for text in texts)

    def _random(
        self, path: str, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> None:
        known = self.library.categories(path)
        seeded = is_seeded(keywords, node)
        if not seeded and self._draws_with(path, keywords):
            self.fx.impure.setdefault(path, self.site(node))
            self.draw("numpy", node)
        for generator, seeds, draws in _GENERATORS:
            if seeds in known:
                stream = self.make(node, "stream", role=generator)
                self.bind_global(f"@random:{generator}", frozenset((stream,)), node)
            elif draws in known:
                self.fx.impure.setdefault(path, self.site(node))
                if not seeded:
                    self.draw(generator, node)
        everything = everything_of(arguments, keywords)
        method = path.rpartition(".")[2]
        if path.count(".") > 1 and method in self.library.methods["draws"]:
            # A distribution or class of a library, used without an instance.
            self.fx.impure.setdefault(path, self.site(node))
            if not seeded:
                self.draw("numpy", node)
        if any(item.stochastic for item in everything):
            self.draw_stochastic(node)
        self.change(self._streams(everything), node)

    @staticmethod
    def _streams(everything: set[Obj]) -> list[Obj]:
        """Random generators among arguments: whoever gets one draws from it."""
        return [item for item in everything if item.kind == "stream"]

    # -- methods -------------------------------------------------------------------

    def call_foreign_method(
        self,
        receiver: Obj,
        name: str,
        arguments: list[Value],
        keywords: dict[str, Value],
        node: ast.AST,
    ) -> Value:
        """Call a method that the library model may know; see :class:`CallEvaluator`."""
        everything = everything_of(arguments, keywords)
        self.touch({receiver, *everything}, node)
        self.consume(everything, node)
        if receiver.kind == "text":
            return self._text_method(receiver, name, arguments, node)
        if receiver.kind == "namespace":
            return self._namespace_method(name, arguments, keywords, node)
        if receiver.kind == "uncrossable":
            self._shell_method(name, arguments, node)
            if name in ("extract", "extractall"):
                place = arguments[name == "extract" :] or [keywords.get("path", SCALAR)]
                self.write_file(place[0], node, whole=False)
            self.change((receiver,), node)
            receiver.hold(everything)
            if name in ("cursor", "execute", "executemany"):
                cursor = self.make(node, "uncrossable")
                cursor.path = self.library.uncrossable["sqlite3.Cursor"]
                return frozenset((cursor,))
            return SCALAR if name.startswith(("read", "write")) else self.fresh(node)
        if receiver.kind == "function":
            self.change((receiver,), node)
            receiver.hold(everything)
            return self.fresh(node, "opaque", everything)
        library = self.library
        if name in library.methods["shows"] or receiver.kind == "figure":
            self.fx.shows = True
        if library.method_is(name, "writes_file"):
            self.write_file(named_file(arguments, keywords), node)
        self.mention_files(arguments, keywords, node)
        self._method_draws(receiver, name, keywords, node)
        if name in ("query", "eval"):
            self._query(arguments, node)
        self.change(self._streams(everything), node)
        if receiver.is_dataset:
            return self.dataset_method(receiver, name, everything, node)
        self.keras_method(receiver, name, everything, node)
        if receiver.kind == "stream":
            return self._stream_method(receiver, name, arguments, node)
        if receiver.kind == "figure":
            self.change_deep((receiver,), node)
            receiver.hold(everything)
            return frozenset((receiver,))
        if "inplace" in keywords and name in library.methods["inplace"]:
            return self._changed_in_place(receiver, name, everything, node)
        return self._method_by_table(receiver, name, everything, arguments, node)

    def _changed_in_place(
        self, receiver: Obj, name: str, everything: set[Obj], node: ast.AST
    ) -> Value:
        """Call a method of a frame or series with ``inplace=True``."""
        self.change((receiver,), node)
        self.write_memory([receiver] if name in _REPLACES else [], node)
        receiver.hold(everything)
        return SCALAR

    def _stream_method(
        self, receiver: Obj, name: str, arguments: list[Value], node: ast.AST
    ) -> Value:
        """Draw from a generator object; what is drawn shares nothing with it."""
        self.change((receiver,), node)
        first = arguments[0] if arguments else SCALAR
        if name == "shuffle":
            self.change(first, node)
            return SCALAR
        if name == "manual_seed":
            return frozenset((receiver,))
        if name in ("spawn", "jumped"):
            return self.fresh(node, "list", (self.make(node, "stream", role="spawned"),))
        held = self.elements(first) if name in ("choice", "choices", "sample") else SCALAR
        drawn = self.make(node, "array", held)
        return frozenset((drawn,)) | held

    def _method_by_table(
        self, receiver: Obj, name: str, everything: set[Obj], arguments: list[Value], node: ast.AST
    ) -> Value:
        methods = self.library.methods
        if name == "backward":
            bound = (item for value in self.names.values() for item in value)
            self.change([item for item in bound if item.traits & GRADED], node)
        elif name == "requires_grad_":
            receiver.mark(GRADED)
        if name in methods["changes"]:
            self.change((receiver,), node)
            spread = name in ("extend", "update", "extendleft") or name.endswith("_from")
            parts = {part for value in arguments for part in self.elements(value)}
            receiver.hold(parts if spread else everything)
            return self.elements(frozenset((receiver,)))
        if name in methods["trains"] or (name == "eval" and not arguments):
            self.change_deep((receiver,), node)
            receiver.hold(everything)
            if name in ("fit_transform", "fit_predict", "fit_resample"):
                return self.fresh(node, "array")
            return frozenset((receiver,))
        if name in methods["view"]:
            return self._view(receiver, name, node)
        if name in methods["same_memory"] and not receiver.contents:
            return frozenset((receiver,))
        if name in methods["fresh"] or name in methods["writes_file"]:
            return self._fresh_method(receiver, name, everything, node)
        if name in methods["shows"]:
            return self.fresh(node, "figure")
        if receiver.kind in ("array", "frame"):
            return self.fresh(node, "opaque", (receiver, *everything))
        if receiver.kind != "estimator":
            self.fx.calls_unknown.setdefault("." + name, self.site(node))
            self.change_deep(everything, node)
        self.change_deep((receiver,), node)
        receiver.hold(everything)
        return self.fresh(node, "opaque", (receiver, *everything))

    def _view(self, receiver: Obj, name: str, node: ast.AST) -> Value:
        if name in ("items", "values", "keys", "get") and receiver.kind in CONTAINERS:
            if name == "items":
                keys = {item for item in receiver.contents if item.kind == "instance"}
                parts = [self.text(WILD) | keys, frozenset(receiver.contents)]
                return self.tuples(parts, node, (receiver,))
            if name == "get":
                return frozenset(receiver.contents)
            return self.iterator(node, receiver.contents, (receiver,))
        if name in ("plot", "hist", "boxplot"):
            return self.fresh(node, "figure")
        if receiver.kind == "frame" and name in ("groupby", "rolling", "expanding", "ewm", "pipe"):
            return self.fresh(node, "opaque", (receiver,))
        return frozenset({receiver, *receiver.contents})

    def _fresh_method(self, receiver: Obj, name: str, everything: set[Obj], node: ast.AST) -> Value:
        kinds = self.library.kinds
        if name == "copy" and receiver.kind in CONTAINERS:
            return self.fresh(node, receiver.kind, receiver.contents)
        if name in kinds["scalar"]:
            return SCALAR
        held = {item for item in (receiver, *everything) if item.kind == "instance"}
        if receiver.kind == "frame":
            held.update(in_cells(receiver))
        if name == "to_numpy" and receiver.kind in ("frame", "array"):
            return frozenset((self.make(node, "array", held), receiver))
        if name in kinds["frame"] or (name == "copy" and receiver.kind == "frame"):
            return self.fresh(node, "frame", held)
        if name in kinds["array"] or receiver.kind in ("array", "frame"):
            return self.fresh(node, "array", held)
        return self.fresh(node, "opaque", held)

    def _method_draws(
        self, receiver: Obj, name: str, keywords: dict[str, Value], node: ast.AST
    ) -> None:
        methods = self.library.methods
        draws = name in methods["draws"] and not is_seeded(keywords, node)
        if not draws and name not in methods["steady"]:
            draws = receiver.stochastic
        if draws and receiver.kind != "instance":
            self.draw_stochastic(node)

    def _query(self, arguments: list[Value], node: ast.AST) -> None:
        """Read the ``@names`` of a pandas query (see ``DataFrame.query``)."""
        if not arguments:
            return
        known = self.texts(arguments[0])
        if not known or any(WILD in text for text in known):
            self.fx.dynamic.setdefault("query", self.site(node))
            self._everything_visible(node)
            return
        for text in known:
            for name in _QUERY_NAME.findall(text):
                self.load_name(name, node)

    def _formula(self, everything: set[Obj], node: ast.AST) -> None:
        """Read the names of a model formula, which patsy looks up in the caller."""
        for item in everything:
            if item.kind == "text" and "~" in item.path:
                for name in _FORMULA_NAME.findall(item.path):
                    if name in self.names:
                        self.load_name(name, node)

    def _text_method(
        self, receiver: Obj, name: str, arguments: list[Value], node: ast.AST
    ) -> Value:
        own: Value = frozenset((receiver,))
        computed = self.text_of_method(receiver.path, name, arguments)
        if computed is not None:
            return computed
        if name == "open":
            modes = self.texts(arguments[0]) if arguments else ["r"]
            return self.open_file(own, modes[0] if modes else "r", node)
        if name == "mkdir":
            self.make_folder(own, node)
        elif name in ("write_text", "write_bytes", "touch"):
            self.write_file(own, node)
        elif name in ("unlink", "rmdir"):
            self.remove_file(own, node)
        elif name in ("rename", "replace") and arguments:
            self.read_file(own, node)
            self.remove_file(own, node)
            self.write_file(arguments[0], node)
            return arguments[0]
        elif name in ("glob", "rglob"):
            inner = "**" if name == "rglob" else ""
            pattern = self.path_of([own, self.text(inner), arguments[0] if arguments else SCALAR])
            self.read_file(pattern, node)
            return self.fresh(node, "iterator", pattern)
        elif name == "iterdir":
            self.read_file(own, node)
            return self.fresh(node, "iterator", self.text(join_path(receiver.path, WILD)))
        elif name in self.library.methods["reads_path"]:
            self.read_file(own, node)
        elif name in ("split", "rsplit", "splitlines", "partition", "rpartition"):
            return self.fresh(node, "list", self.text(WILD))
        return SCALAR

    def _shell_method(self, name: str, arguments: list[Value], node: ast.AST) -> None:
        """Record settings that are made through ``get_ipython()``."""
        known = self.texts(arguments[0]) if arguments else []
        if name in ("run_line_magic", "magic") and known:
            magic = known[0].split()[0] if known[0].split() else ""
            if magic in SETTING_MAGICS:
                self.set_magic(magic, " ".join(known[0].split()[1:]), node)

    def set_magic(self, name: str, argument: str, node: ast.AST) -> None:
        """Record a magic that sets something for the whole process."""
        self.fx.settings.setdefault("%" + name, self.site(node))
        if name == "cd":
            words = [word for word in argument.split() if word != "-q"]
            self.enter_folder(self.text(words[0] if len(words) == 1 else WILD), node)

    def _namespace_method(
        self, name: str, arguments: list[Value], keywords: dict[str, Value], node: ast.AST
    ) -> Value:
        if name == "update":
            for key, value in keywords.items():
                self.bind_global(key, value, node)
            for given in arguments:
                self.bind_dynamically(self.elements(given), node)
            return SCALAR
        if name == "setdefault" and len(arguments) > 1:
            for text in self.known_texts(arguments[0]):
                if WILD in text:
                    self.bind_dynamically(arguments[1], node)
                    continue
                known = self.names.get(text, SCALAR)
                either = known | arguments[1]
                if text in self.names:
                    self.record_read(text, node)
                self.bind_global(text, either, node)
            return arguments[1]
        return self.from_namespace(self.texts(arguments[0]) if arguments else [], node)

    def from_namespace(self, names: list[str], node: ast.AST) -> Value:
        """Read a global by its name; see :class:`ExpressionEvaluator`."""
        if len(names) == 1 and WILD not in names[0] and names[0] not in HISTORY:
            return self.load_name(names[0], node)
        self.fx.dynamic.setdefault("globals", self.site(node))
        return self._everything_visible(node)
