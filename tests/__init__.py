"""Tests of Aerodrome."""
