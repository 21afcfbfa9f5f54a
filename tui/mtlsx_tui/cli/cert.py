"""``mtlsx cert``: certificates as they are, and as a broker sees them."""

from __future__ import annotations

from mtlsx_tui.cli.late import Entry, LateGroup

command = LateGroup(
    name="cert",
    entries={
        "show": Entry(
            "cert_show", "What is in a file: certificates, chains, keys, requests, CRLs."
        ),
        "identity": Entry("cert_identity", "What a broker makes of a certificate."),
    },
    help="Certificates: what is in a file, and what a broker makes of it.",
)
