"""A family: the components of one folder, one file each, named after the file."""

import importlib
import pkgutil
import sys
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import EntryPoints, entry_points
from typing import Generic, TypeVar

from sensorium.errors import PlanError, unknown

T = TypeVar("T")


class Family(Generic[T]):
    """Components by name: a file ``vit.py`` in the folder is the component ``"vit"``.

    kind: what one component is called in messages (``"encoder"``). package: the folder's module
    name; its ``_base.py`` holds the abstract class, named ``base``. Names from outside come through
    ``add`` or an entry point of the group ``sensorium.<last part of package>``.
    """

    def __init__(self, kind: str, package: str, base: str) -> None:
        self.kind, self.package, self.base = kind, package, base
        self._added: dict[str, type[T]] = {}
        self._met: dict[str, type[T]] = {}  # our own, once imported: a folder does not change under us

    def names(self) -> list[str]:
        """Every known name, sorted. Imports no component."""
        return sorted({*self._own(), *self._added, *self._plugged()})

    def get(self, name: str, where: str = "") -> type[T]:
        """The component's class. Raises PlanError with the nearest name when there is none."""
        if name in self._added:
            return self._added[name]
        if name in self._met:
            return self._met[name]
        if name in self._own():
            self._met[name] = self._only(importlib.import_module(f"{self.package}.{name}"))
            return self._met[name]
        plugged = self._plugged()
        if name in plugged:
            found: type[T] = plugged[name]()
            return self._checked(name, found)
        raise unknown(self.kind, name, self.names(), where)

    def add(self, name: str, component: type[T]) -> None:
        """Register a component from outside the folder. Raises PlanError for a name that is taken."""
        if name in self.names():
            raise PlanError(f"a {self.kind} named {name!r} exists already; choose another name.")
        self._added[name] = self._checked(name, component)

    def remove(self, name: str) -> None:
        """Forget a component that ``add`` registered."""
        del self._added[name]

    def package_of(self, name: str) -> str | None:
        """The distribution package that a component from outside needs, or None for our own."""
        if name in self._own():
            return None
        return self.get(name).__module__.partition(".")[0]

    def abstract(self) -> type[T]:
        """The family's abstract class."""
        found: type[T] = getattr(importlib.import_module(f"{self.package}._base"), self.base)
        return found

    def _own(self) -> list[str]:
        folder = importlib.import_module(self.package).__path__
        return [m.name for m in pkgutil.iter_modules(folder) if not m.name.startswith("_")]

    def _plugged(self) -> dict[str, Callable[[], type[T]]]:
        found = _entry_points(f"sensorium.{self.package.rpartition('.')[2]}", tuple(sys.path))
        return {e.name: e.load for e in found}

    def _only(self, module: object) -> type[T]:
        base, name = self.abstract(), getattr(module, "__name__", "")
        own = [
            c
            for c in vars(sys.modules[name]).values()
            if isinstance(c, type)
            and issubclass(c, base)
            and c.__module__ == name
            and not c.__name__.startswith("_")
        ]
        if len(own) != 1:
            names = ", ".join(c.__name__ for c in own) or "none"
            raise PlanError(f"{name} must define exactly one public {self.kind}; it defines {names}.")
        return own[0]

    def _checked(self, name: str, component: type[T]) -> type[T]:
        if not (isinstance(component, type) and issubclass(component, self.abstract())):
            raise PlanError(
                f"the {self.kind} {name!r} must be a class that extends "
                f"{self.package}._base.{self.base}; got {component!r}."
            )
        return component


@lru_cache(maxsize=64)
def _entry_points(group: str, path: tuple[str, ...]) -> EntryPoints:  # noqa: ARG001 (path: what was searched)
    """Reading what every installed package declares takes 20 ms: once per search path is enough."""
    return entry_points(group=group)
