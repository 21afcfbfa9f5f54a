"""The command line: one module per command, found by name and imported when it runs."""
