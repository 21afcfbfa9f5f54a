"""The local broker: listeners, conversations, sessions, routing; decisions are the engine's (``mtlsx.auth``)."""
