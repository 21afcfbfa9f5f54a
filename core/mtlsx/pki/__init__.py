"""Issuing: certificate authorities, server and device certificates, requests, revocation, fleets.

``certify`` and ``requests`` make certificates and requests from values, ``crls`` revocation lists; ``folder``
keeps what an authority did so that it survives a kill at any moment, ``workbench`` and ``authority`` are what a
person works with. ``verify`` judges a chain as ``openssl verify`` does; ``bundle``, ``fleet`` and ``seed`` take
devices to where they are used. Importing this package imports nothing else.
"""
