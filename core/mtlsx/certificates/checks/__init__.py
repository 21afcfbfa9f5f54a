"""Pre-flight checks: what will go wrong with key material, told before any connection. Values in, findings out."""
