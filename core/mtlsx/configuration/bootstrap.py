"""The users of the built-in database in a file of their own, as EMQX imports them (``bootstrap_file``).

Two forms: a JSON array of objects, and CSV with a head line; ``user_id``, ``password_hash``, ``salt`` and
``is_superuser`` each.

Source: emqx_authn_mnesia.erl, emqx_auth_utils.erl (6.3).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mtlsx.auth.settings import BuiltInUser
from mtlsx.configuration import files
from mtlsx.schema import WrongError

_COLUMNS = ("user_id", "password_hash", "salt", "is_superuser")

_PLACEHOLDER = "${PASSWORD_HASH}"


def read(path: str, key: str) -> list[dict[str, Any]]:
    """The users in the file at ``path``, as plain tables; ``key`` is the setting that names it.

    Raises UsageError and WrongError.
    """
    data = files.read(Path(path), f"{key}:")
    try:
        text = data.decode("utf-8-sig")
        rows = json.loads(text) if path.endswith(".json") else _rows(text, path, key)
    except RecursionError as error:
        raise WrongError(f"{key}: {path} is nested too deep.") from error
    except WrongError:
        raise
    except (ValueError, csv.Error) as error:
        kind = "JSON" if path.endswith(".json") else "CSV"
        raise WrongError(f"{key}: {path} is not {kind} in UTF-8.") from error
    if not isinstance(rows, list):
        raise WrongError(f"{key}: {path} must hold an array of users.")
    return rows


def write(users: Sequence[BuiltInUser]) -> str:
    """The users as JSON, which ``read`` gives back and EMQX imports."""
    rows = [{column: getattr(user, column) for column in _COLUMNS} for user in users]
    return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"


def without_secrets(user: BuiltInUser) -> BuiltInUser:
    """``user`` with placeholders for what must be filled in."""
    return replace(user, password_hash=_PLACEHOLDER, salt=user.salt and "${SALT}")


def _rows(text: str, path: str, key: str) -> list[dict[str, Any]]:
    reader = csv.DictReader(text.splitlines(), strict=True)
    heads = reader.fieldnames or ()
    if not set(heads) <= set(_COLUMNS) or not {"user_id", "password_hash"} <= set(heads):
        raise WrongError(
            f"{key}: {path} must begin with a line that names its columns: {','.join(_COLUMNS)}."
        )
    rows: list[dict[str, Any]] = []
    for row in reader:
        found: dict[str, Any] = {name: row[name] for name in heads if row[name] is not None}
        if "is_superuser" in found:
            found["is_superuser"] = found["is_superuser"] in ("true", "1")
        rows.append(found)
    return rows
