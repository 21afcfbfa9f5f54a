"""``mtlsx cert``: certificates as they are, as a broker sees them, and what will go wrong with them."""

from __future__ import annotations

from mtlsx_tui.cli.late import Entry, LateGroup

command = LateGroup(
    name="cert",
    entries={
        "show": Entry(
            "cert_show", "What is in a file: certificates, chains, keys, requests, CRLs."
        ),
        "identity": Entry("cert_identity", "What a broker makes of a certificate."),
        "check": Entry("cert_check", "What will go wrong with a certificate, before it is used."),
    },
    help="Certificates: what is in a file, what a broker makes of it, and what will go wrong.",
)
