"""Payload formats: bytes as text for a reader, and what a person wrote as bytes. Pure: nothing is read or sent."""
