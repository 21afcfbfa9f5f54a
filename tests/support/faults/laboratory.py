"""The certificates and the servers that faults share: made when they are first asked for, kept until the end."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager, ExitStack
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Self, TypeVar

from support.faults.odd_pki import OddPki
from support.mosquitto import Mosquitto
from support.openssl_pki import Pki

T = TypeVar("T")


class Laboratory:
    """A context manager; at its end all that it started ends."""

    def __init__(self, directory: Path, pki: Pki) -> None:
        self.directory = directory
        self.pki = pki
        self._stack = ExitStack()
        self._kept: dict[Hashable, Any] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @cached_property
    def odd(self) -> OddPki:
        """Certificates that few tests need."""
        return OddPki(self.new_directory(), self.pki)

    def keep(self, key: Hashable, start: Callable[[], AbstractContextManager[T]]) -> T:
        """What ``start`` gives: started for the first who asks with ``key``, the same for all others."""
        if key not in self._kept:
            self._kept[key] = self._stack.enter_context(start())
        kept: T = self._kept[key]
        return kept

    def mosquitto(self, **settings: Any) -> Mosquitto:
        """A running Mosquitto with these settings (``support.mosquitto``)."""
        key = ("mosquitto", repr(sorted(settings.items())))
        return self.keep(key, lambda: Mosquitto(self.new_directory(), **settings))

    def new_directory(self) -> Path:
        """An empty one."""
        return Path(mkdtemp(dir=self.directory))
