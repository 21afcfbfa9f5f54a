"""Why a connection failed: evidence, the rules that judge it, and the verdicts they give."""
