"""Profiles from and for elsewhere: other clients' files, and files and bundles of our own that travel."""
