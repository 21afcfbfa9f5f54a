"""The broker's configuration: TOML, or EMQX's own files, in; ``Configuration`` out; and back, for a real EMQX.

``load`` is the way in, ``model`` says what comes out, ``emqx`` writes it as EMQX's own files. Every reader makes the
same document of plain values, by EMQX's own names, which ``document`` turns into a ``Configuration``.
"""
