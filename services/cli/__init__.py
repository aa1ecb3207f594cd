"""The console script `aerodrome`: start it, look into it, mend it."""
