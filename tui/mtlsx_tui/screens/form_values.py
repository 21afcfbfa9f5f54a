"""What a person typed into the profile form, and the profile that it means. Pure: texts in, values out."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from mtlsx.client.settings import ConnectionSettings, MqttVersion, Transport
from mtlsx.profiles.model import Profile
from mtlsx_tui.screens.form_kinds import OFF, ON

_HIGHEST_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class FormValues:
    """The fields that other fields depend on, as they stand in the form; names are those of the settings."""

    name: str = ""
    group: str = ""
    host: str = ""
    port: str = str(Transport.MQTTS.default_port)
    transport: str = Transport.MQTTS.value
    path: str = "/mqtt"
    version: str = MqttVersion.V5.value
    client_id: str = ""
    username: str = ""
    ca_file: str = ""
    certificate_file: str = ""
    key_file: str = ""
    sni: str = ""
    alpn: str = ""
    verify_chain: str = ON
    verify_name: str = ON
    crl_file: str = ""

    @classmethod
    def of(cls, profile: Profile) -> FormValues:
        """The form of a profile that exists."""
        connection, tls = profile.connection, profile.connection.tls
        return cls(
            name=profile.name,
            group=profile.group or "",
            host=connection.host,
            port=str(connection.port),
            transport=connection.transport.value,
            path=connection.path,
            version=connection.version.value,
            client_id=connection.client_id,
            username=connection.username or "",
            ca_file=tls.ca_file or "",
            certificate_file=tls.certificate_file or "",
            key_file=tls.key_file or "",
            sni=tls.sni or "",
            alpn=" ".join(tls.alpn),
            verify_chain=ON if tls.verify_chain else OFF,
            verify_name=ON if tls.verify_name else OFF,
            crl_file=tls.crl_file or "",
        )

    def errors(self) -> dict[str, str]:
        """What keeps these values from being a profile: a sentence by field."""
        found = {}
        if not self.name.strip():
            found["name"] = "A profile needs a name."
        if not self.host.strip():
            found["host"] = "Which host? A name or an address."
        if not self.port.isdecimal() or not 1 <= int(self.port) <= _HIGHEST_PORT:
            found["port"] = f"A port is a number from 1 to {_HIGHEST_PORT}."
        if self.key_file and not self.certificate_file:
            found["certificate_file"] = "A key needs its certificate."
        return found

    def connection(self, base: ConnectionSettings | None = None) -> ConnectionSettings:
        """The settings these values mean; what the form does not show stays as in ``base``.

        Fields that ``errors`` objects to are taken as they are where possible; a port that is none
        becomes the transport's own.
        """
        transport = Transport(self.transport)
        port = int(self.port) if self.port.isdecimal() else transport.default_port
        base = base or ConnectionSettings(host="", port=port)
        tls = replace(
            base.tls,
            ca_file=self.ca_file.strip() or None,
            certificate_file=self.certificate_file.strip() or None,
            key_file=self.key_file.strip() or None,
            sni=self.sni.strip() or None,
            alpn=tuple(self.alpn.replace(",", " ").split()),
            verify_chain=self.verify_chain == ON,
            verify_name=self.verify_name == ON,
            crl_file=self.crl_file.strip() or None,
        )
        return replace(
            base,
            host=self.host.strip(),
            port=port,
            transport=transport,
            path=self.path or base.path,
            version=MqttVersion(self.version),
            client_id=self.client_id,
            username=self.username or None,
            tls=tls,
        )

    def profile(self, base: Profile | None = None) -> Profile:
        """The profile these values mean. ``errors`` must be empty."""
        connection = self.connection(base.connection if base else None)
        name, group = self.name.strip(), self.group.strip() or None
        if base is None:
            return Profile(name=name, group=group, connection=connection)
        return replace(base, name=name, group=group, connection=connection)


def new_client_id() -> str:
    """A client id that nobody else has: ``mtlsx_`` and 8 hexadecimal digits."""
    return f"mtlsx_{secrets.token_hex(4)}"
