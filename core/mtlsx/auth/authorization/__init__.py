"""What a client may publish and subscribe: topics, rules, the sources that rules come from, and their order."""
