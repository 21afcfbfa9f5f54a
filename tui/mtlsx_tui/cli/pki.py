"""``mtlsx pki``: certificate authorities, and the certificates that they issue."""

from __future__ import annotations

from mtlsx_tui.cli.late import Entry, LateGroup

command = LateGroup(
    name="pki",
    entries={
        "ca": Entry("pki_ca", "Make an authority: a root, or one below another."),
        "server": Entry("pki_server", "Issue a server's certificate."),
        "device": Entry("pki_device", "Issue devices' certificates."),
        "fleet": Entry("pki_fleet", "Issue certificates for thousands of devices."),
        "csr": Entry("pki_csr", "Make a key and a request for its certificate."),
        "sign": Entry("pki_sign", "Issue a certificate for a request."),
        "list": Entry("pki_list", "What there is, and what is left of it."),
        "verify": Entry("pki_verify", "Verify certificates as openssl verify does."),
        "renew": Entry("pki_renew", "Issue a certificate again, with the same names."),
        "revoke": Entry("pki_revoke", "Revoke certificates, and make the list that says so."),
        "crl": Entry("pki_crl", "Make a certificate revocation list."),
        "bundle": Entry(
            "pki_bundle", "Hand out a device: files, settings, commands, C header, profile."
        ),
        "seed": Entry("pki_seed", "Give Redis what EMQX asks it for about devices."),
    },
    help="""Issue, revoke and hand out certificates.

    Each authority has a folder of its own that a person can read: a plain index of what it did, and certificates
    and keys by serial number. Nothing is overwritten without being asked to.""",
)
