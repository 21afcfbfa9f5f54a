"""Profiles: what a test device needs to connect, kept in one readable file each; its secrets apart."""
