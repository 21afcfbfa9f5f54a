"""Recipes: the same connection as other programs take it, ready to copy, without its secrets."""
