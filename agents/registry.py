"""The graphs named in `langgraph.json`, given our checkpointer."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, AsyncExitStack
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from langgraph.checkpoint.base import BaseCheckpointSaver

from agents.decisions import DECISIONS
from agents.decisions import graph as decisions
from agents.dialects.replies import Replies
from agents.fence import Peek, Peeking
from agents.graphs import Graph, compiled, is_builder, is_graph, undurable
from agents.manifest import GraphEntry, Manifest, read_manifest
from approvals.errors import ConfigError

BUILT_IN: Mapping[str, Graph] = {DECISIONS: cast("Graph", decisions)}
"""Graphs of our own, beside those of the file: there to be driven, not among those that people start."""


class Registry:
    """Graphs by name. Modules are imported when it is loaded; a factory is called once, when first asked for."""

    def __init__(self, manifest: Manifest, found: dict[str, object], saver: BaseCheckpointSaver[Any] | None) -> None:
        self._manifest = manifest
        self._found = found
        self._saver = saver
        self._ready: dict[str, Graph] = {}
        self._open = AsyncExitStack()

    @classmethod
    def load(cls, path: Path, saver: BaseCheckpointSaver[Any] | None = None) -> Registry:
        """Reads `langgraph.json` and imports what it names. Raises `ConfigError` naming file, line, key and remedy."""
        manifest = read_manifest(path)
        for name in BUILT_IN:
            if name in manifest.graphs:
                raise manifest.error(manifest.graphs[name], "is the name of a graph of Signoff's own; choose another")
        for name, value in manifest.env.items():
            os.environ.setdefault(name, value)
        for folder in reversed(manifest.paths):
            if str(folder) not in sys.path:
                sys.path.insert(0, str(folder))
        importlib.invalidate_caches()
        return cls(manifest, {name: _attribute(manifest, entry) for name, entry in manifest.graphs.items()}, saver)

    def names(self) -> tuple[str, ...]:
        """The graphs, in the order of the file."""
        return tuple(self._manifest.graphs)

    @property
    def replies(self) -> Replies:
        """The answers that graphs expect, where the file states them."""
        return self._manifest.replies

    def describe(self, name: str) -> str:
        """What the file says of the graph; empty without a description."""
        return self._entry(name).description

    async def graph(self, name: str) -> Graph:
        """The graph with our checkpointer, whatever it was compiled with. The module's own object stays as it is.

        Raises `ConfigError` for a name that is not in the file, or for something that is not a graph.
        """
        if name in BUILT_IN and name not in self._ready:
            self._ready[name] = BUILT_IN[name].copy(update={"checkpointer": self._saver})
        if name not in self._ready:
            entry = self._entry(name)
            made = await self._made(entry, self._found[name])
            if is_builder(made):
                made = self._compiled(entry, made)
            if not is_graph(made):
                kind = type(made).__name__
                raise self._manifest.error(
                    entry, f"“{entry.attribute}” is a {kind}, not a graph or a function making one"
                )
            if deaf := undurable(cast("Graph", made)):
                raise self._manifest.error(
                    entry,
                    f"the subgraph {', '.join(deaf)} is compiled with checkpointer=False, so that it cannot pause "
                    "and be found again: compile it without that argument",
                )
            self._ready[name] = cast("Graph", made).copy(update={"checkpointer": self._saver})
        return self._ready[name]

    def peek(self, thread_id: str) -> Peek | None:
        """How to read a thread's latest checkpoint along with what is written of it; `None` if that is kept apart."""
        saver = self._saver
        return saver.peek(thread_id) if isinstance(saver, Peeking) else None

    async def aclose(self) -> None:
        """Leaves the context managers that factories returned."""
        await self._open.aclose()

    def _entry(self, name: str) -> GraphEntry:
        entry = self._manifest.graphs.get(name)
        if entry is None:
            known = ", ".join(self._manifest.graphs)
            raise ConfigError(f"{self._manifest.path}: graphs: there is no “{name}” (there is: {known})")
        return entry

    def _compiled(self, entry: GraphEntry, builder: object) -> object:
        try:
            return compiled(builder)
        except Exception as error:
            raise self._manifest.error(entry, f"does not compile: {last_line(error)}") from error

    async def _made(self, entry: GraphEntry, found: object) -> object:
        """A graph stays as it is; a factory is called, with an empty config if it takes one."""
        if is_graph(found) or is_builder(found) or not callable(found):
            return found
        try:
            made = _call(found)
            if inspect.isawaitable(made):
                made = cast("object", await made)
            return await self._entered(made)
        except Exception as error:
            raise self._manifest.error(entry, f"“{entry.attribute}” failed: {last_line(error)}") from error

    async def _entered(self, made: object) -> object:
        """A factory may be a context manager: it is left when the registry is closed."""
        if is_graph(made):
            return made
        if isinstance(made, AbstractAsyncContextManager):
            return await self._open.enter_async_context(cast("AbstractAsyncContextManager[object]", made))
        if isinstance(made, AbstractContextManager):
            return self._open.enter_context(cast("AbstractContextManager[object]", made))
        return made


def last_line(error: BaseException) -> str:
    """The error as the last line of its traceback says it."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__


def _call(factory: Callable[..., object]) -> object:
    wanted = [
        parameter
        for parameter in inspect.signature(factory).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    return factory({"configurable": {}}) if wanted else factory()


def _attribute(manifest: Manifest, entry: GraphEntry) -> object:
    module = _module(manifest, entry)
    try:
        return cast("object", getattr(module, entry.attribute))
    except AttributeError:
        has = [name for name, value in vars(module).items() if is_graph(value) or is_builder(value)]
        hint = f"; graphs there: {', '.join(has)}" if has else ""
        raise manifest.error(entry, f"“{entry.source}” has no “{entry.attribute}”{hint}") from None


def _module(manifest: Manifest, entry: GraphEntry) -> ModuleType:
    is_file = entry.source.endswith(".py") or "/" in entry.source
    file = (manifest.path.parent / entry.source).resolve()
    if is_file and not file.is_file():
        raise manifest.error(entry, f"“{entry.source}” is not a file beside {manifest.path.name}")
    try:
        dotted = _dotted(file, manifest.paths) if is_file else entry.source
        return importlib.import_module(dotted) if dotted else _from_file(file)
    except Exception as error:
        raise manifest.error(entry, f"“{entry.source}” cannot be imported: {last_line(error)}") from error


def _dotted(file: Path, roots: tuple[Path, ...]) -> str:
    """The import name of a file in a package below one of the roots, so that it is not loaded twice; else empty."""
    for root in roots:
        if file.is_relative_to(root):
            parts = file.relative_to(root).with_suffix("").parts
            folders = [root.joinpath(*parts[:depth]) for depth in range(1, len(parts))]
            if folders and all((folder / "__init__.py").is_file() for folder in folders):
                return ".".join(parts)
    return ""


def _from_file(file: Path) -> ModuleType:
    """Loads a lone file under a name of its own: `graph.py` in two folders are two modules."""
    name = f"signoff_graph_{file.stem}_{hashlib.sha256(str(file).encode()).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file.name} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
