"""`python -m services.cli` is the console script `aerodrome`."""

from services.cli.app import main

main()
