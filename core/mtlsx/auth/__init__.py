"""EMQX's decisions, embeddable and explained: peer certificate + CONNECT + settings in, decision + trace out.

``engine`` is the way in: it decides over CONNECT, each PUBLISH and each topic filter of a SUBSCRIBE, as EMQX of a
chosen generation would. ``settings`` holds what is configured, ``dialects`` in what the generations differ.
Everything here is pure but for the store (``stores``) and the key loader that the engine is given. Importing this
package imports nothing else.
"""
