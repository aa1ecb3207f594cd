"""The life of a process: started, kept alive and drained."""
