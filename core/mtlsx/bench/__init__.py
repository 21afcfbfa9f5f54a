"""Many simulated devices against a broker, each with its own certificate: how fast, how many, and why not."""
