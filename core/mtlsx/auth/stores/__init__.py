"""Where credentials and rules are kept: the protocol that the engine speaks to, Redis, and an embedded Redis."""
