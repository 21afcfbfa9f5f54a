"""Testing MQTT over mutual TLS: certificates, identities, connections and why they fail.

Everything here works without a terminal. Importing this package imports nothing else; each room
(``mtlsx.certificates``, ``mtlsx.identity``, ``mtlsx.tls``, ``mtlsx.client`` …) is imported by name.
"""

__version__ = "0.1.0"
