"""One TLS engine (pyOpenSSL) for client, probe and broker: settings, contexts, handshakes, what they showed."""
