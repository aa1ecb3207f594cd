"""Passwords, signing keys and tokens: what identity keeps secret, and how it proves what it said."""
