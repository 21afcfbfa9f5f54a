"""What an imported file is, by its content, and the profiles in it.

In: the bytes of a file. Out: a ``Batch``, or ``UsageError`` with a sentence that names the file.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

from mtlsx.errors import UsageError
from mtlsx.profiles.document import parse
from mtlsx.profiles.exchange.incoming import Batch, Incoming
from mtlsx.profiles.exchange.json_yaml import read_json, read_yaml
from mtlsx.profiles.exchange.mosquitto_options import is_mosquitto_options, read_mosquitto_options
from mtlsx.profiles.exchange.mqtt_explorer import is_mqtt_explorer, read_mqtt_explorer
from mtlsx.profiles.exchange.mqttx import is_mqttx, read_mqttx
from mtlsx.profiles.exchange.mqttx_cli import is_mqttx_cli, read_mqttx_cli

KIND = "mtlsx profile"

_BOM = "\ufeff"


def read_profiles(data: bytes, *, source: str, name: str) -> Batch:
    """The profiles that ``data`` holds, of any kind but a bundle; ``source`` names it in errors, ``name`` is the
    file's own.

    Raises UsageError: not UTF-8, not readable as what it seems to be, or of no kind that is known.
    """
    try:
        text = data.decode().removeprefix(_BOM)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{source}: line {line} is not UTF-8.") from error
    suffix = PurePath(name).suffix.lower()
    if suffix == ".toml":
        return _own(data, source)
    if suffix not in {".json", ".yaml", ".yml"} and is_mosquitto_options(text):
        try:
            return read_mosquitto_options(text, name=name)
        except UsageError as error:
            raise UsageError(f"{source}: {error.summary}", fix=error.fix) from error
    if suffix == ".json" or text.lstrip()[:1] in {"{", "["}:
        return _of_others(read_json(text, source=source), source)
    if suffix in {".yaml", ".yml"}:
        return _of_others(read_yaml(text, source=source), source)
    raise _unknown(source)


def _own(data: bytes, source: str) -> Batch:
    return Batch(KIND, (Incoming(profile=parse(data, source=source)),))


def _of_others(value: Any, source: str) -> Batch:
    if is_mqtt_explorer(value):
        return read_mqtt_explorer(value)
    if is_mqttx_cli(value):
        return read_mqttx_cli(value)
    if is_mqttx(value):
        return read_mqttx(value)
    raise _unknown(source)


def _unknown(source: str) -> UsageError:
    return UsageError(
        f"{source} holds no profiles of a kind that mtlsx reads.",
        fix="It reads its own (.toml, .zip), MQTTX (.json, .yaml), MQTTX CLI, MQTT Explorer and mosquitto options.",
    )
