"""Log lines of components: the JetStream stream that holds them, and how batches get there."""
