"""The foundation of the local runner: real Airflows as child processes of this machine."""
