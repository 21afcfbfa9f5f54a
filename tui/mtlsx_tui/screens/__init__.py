"""The screens: each composes widgets, and has its style in the .tcss file beside it."""
