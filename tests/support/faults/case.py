"""A fault: who stands on the other side, what to connect with, and what mtlsx must say.

The other modules of this room hold the faults, one file for each stage of a connection; ``catalogue`` has them
all. Each is used on the client, on the commands and on the screen, so that these cannot tell different stories.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Any, TypeVar

from mtlsx.client.settings import ConnectionSettings, Reconnect
from mtlsx.probe.verdicts import KINDS, RefusedBy
from mtlsx.secret import Secret
from mtlsx.tls.settings import TlsSettings
from support.faults.laboratory import Laboratory
from support.mosquitto import Mosquitto
from support.openssl_pki import PASSPHRASE, Pair, Pki

WRONG_SECRET = "Wrong-and-secret-4711"
SHORT = 0.4  # seconds; a connect timeout for those who never answer
TOPIC = "laboratory/topic"
BOTH = ("1.2", "1.3")

T = TypeVar("T")


class Ask(Enum):
    """How much must be asked of the server before it shows its fault."""

    TLS = auto()
    CONNECT = auto()
    TOPIC = auto()  # to subscribe and publish


@dataclass(frozen=True)
class Scene:
    """What a fault may use. ``tls``: the version that the server is pinned to, None for any.

    ``directory`` and ``stack`` are the test's own, what comes from ``laboratory`` is shared by all.
    """

    laboratory: Laboratory
    directory: Path
    stack: ExitStack
    tls: str | None

    @property
    def pki(self) -> Pki:
        return self.laboratory.pki

    def enter(self, context: AbstractContextManager[T]) -> T:
        """What ``context`` gives, until the test ends."""
        return self.stack.enter_context(context)

    def broker(self, **settings: Any) -> Mosquitto:
        """Mosquitto with mutual TLS, but for what ``settings`` say."""
        usual = {"server": self.pki.server, "client_ca": self.pki.ca.certificate, "tls": self.tls}
        return self.laboratory.mosquitto(**{**usual, **settings})

    def file(self, name: str, text: str) -> Path:
        path = self.directory / name
        path.write_text(text)
        return path

    def settings(
        self, port: int, device: Pair | None = None, *, ca: Path | None = None
    ) -> ConnectionSettings:
        """Connect to localhost as ``device``, with the right CA file unless told otherwise.

        A password and a passphrase always come along, whether needed or not: none may ever be shown.
        """
        tls = TlsSettings(
            ca_file=str(ca or self.pki.ca.certificate),
            certificate_file=str(device.certificate) if device else None,
            key_file=str(device.key) if device else None,
            passphrase=Secret(PASSPHRASE),
        )
        return ConnectionSettings(
            host="localhost",
            port=port,
            password=Secret(PASSPHRASE),
            tls=tls,
            reconnect=Reconnect(enabled=False),
        )


Arrange = Callable[[Scene], ConnectionSettings]


@dataclass(frozen=True)
class Case:
    """One fault at one TLS version.

    ``verdicts``: the ids allowed; ``words``: regular expressions that the sentence must match, each;
    ``candidates``: ids that must be named as other causes; ``by``: who refused, None for what the id says.
    ``repeated``: whether the suite tries it more than once; False where nothing can race and a try takes long.
    """

    name: str
    verdicts: tuple[str, ...]
    words: tuple[str, ...]
    tls: str | None
    ask: Ask
    candidates: frozenset[str]
    by: RefusedBy | None
    repeated: bool
    arrange: Arrange

    def __str__(self) -> str:
        return self.name if self.tls is None else f"{self.name}-{self.tls}"

    def refused_by(self, verdict: str) -> RefusedBy:
        return self.by or KINDS[verdict].refused_by


CASES: list[Case] = []


def case(
    verdicts: str,
    *words: str,
    tls: tuple[str | None, ...] = (None,),
    ask: Ask = Ask.TLS,
    candidates: str = "",
    by: RefusedBy | None = None,
    repeated: bool = True,
    name: str = "",
) -> Callable[[Arrange], Arrange]:
    """Register a fault, once for each TLS version in ``tls``."""

    def register(arrange: Arrange) -> Arrange:
        CASES.extend(
            Case(name or arrange.__name__, tuple(verdicts.split()), words, version, ask,
                 frozenset(candidates.split()), by, repeated, arrange)
            for version in tls
        )  # fmt: skip
        return arrange

    return register


def says_why(case: Case, sentence: str) -> bool:
    """Whether a person who reads ``sentence`` learns the cause; shows what is missing where not."""
    missing = [words for words in case.words if not re.search(words, sentence)]
    assert not missing, f"{missing} not in: {sentence}"
    return True


def keeps_secrets(text: str) -> bool:
    """Whether ``text`` is free of the passwords and passphrases that the cases use."""
    return WRONG_SECRET not in text and PASSPHRASE not in text
