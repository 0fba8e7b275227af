"""From counts to what they mean: numpy in, numpy and dataclasses out; no I/O, no clock, nothing of the store."""
