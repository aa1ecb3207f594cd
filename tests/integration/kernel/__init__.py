"""The kernel on real servers: write path and runtime, with a small service of its own."""
