"""Whether a client is who it says it is: authenticators, one module each, and the chain that asks them."""
