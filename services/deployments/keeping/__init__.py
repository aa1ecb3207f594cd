"""Keeps deployments as they are wished: what is wished is rows, one process keeps them, its news become events."""
