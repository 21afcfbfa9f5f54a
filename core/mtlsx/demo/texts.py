"""The demo's README.txt: what the files are, and commands that are ready to run."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def readme(directory: Path, device: str, port: int, *, is_4: bool, embedded: bool) -> str:
    """The text for a demo in ``directory`` whose broker listens at ``port`` of the loopback, with the embedded store or Redis."""
    place = shlex.quote(str(directory))
    version = "3.1.1" if is_4 else "5"
    client = (
        f"-h localhost -p {port} -V {version} --ca device/ca.crt --cert device/device.crt"
        " --key device/device.key --password-file password"
    )
    broker = "--config broker.toml" + (" --seed seed.redis" if embedded else "")
    store = "what the broker's store holds" if embedded else "what Redis holds, for redis-cli,"
    lookup = (
        f"mtlsx auth explain {broker} --cert device/device.crt"
        f" --password-file password --publish devices/{device}/temperature"
    )
    return f"""\
A demo of mtlsx: a broker that decides as EMQX does, and a device that it lets in

  broker.toml    the broker's configuration, with EMQX's names
  pki/demo       the authority, with its private key and revocation list; mtlsx pki list --pki pki
  server         the broker's certificate and key, for localhost and 127.0.0.1
  device         certificate and key of {device}, and the CA
  password       the device's password
  seed.redis     {store} about the device: its hash, and its access rules

Open it:

  mtlsx demo --dir {place}

Or the parts one by one, in this directory:

  mtlsx broker {broker}
  mtlsx sub {client} -t 'devices/{device}/#'
  mtlsx pub {client} -t devices/{device}/temperature -m 21.4
  {lookup}

The private keys, the password and broker.toml are in files that only you can read.
"""
