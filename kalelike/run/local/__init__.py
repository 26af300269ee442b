"""The local engine: a process a step, forked from a warm parent."""
