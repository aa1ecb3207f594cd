"""The services of Aerodrome: each folder is one process."""
