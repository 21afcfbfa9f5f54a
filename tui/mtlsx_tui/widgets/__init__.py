"""The pieces of the screens: each takes values, shows them, and posts what a person did."""
