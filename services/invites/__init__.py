"""Invites: their record, their timer and their mail; all mail that is sent leaves from here."""
