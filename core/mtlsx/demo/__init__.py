"""The demo's files: an authority, a broker's configuration, a device, and what the broker's store holds about it.

``folder`` makes them and reads them again, ``configuration`` writes ``broker.toml``, ``redis`` reads the address of a
real Redis. Importing this package imports nothing else.
"""
