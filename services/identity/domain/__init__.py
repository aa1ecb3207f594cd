"""The rules of identity: pure deciders, one module a kind of stream, and the rows that their events make."""
