"""Certificates as a tester looks at them: load anything, read it tolerantly, describe it.

``load`` turns files into DER, ``der``, ``names`` and ``fields`` read DER that strict parsers refuse, and
``describe`` says what is in it. Nothing here judges trust; importing this package imports nothing else.
"""
