"""Embedded mode: database, broker, ingest and simulated traps as one process tree on one machine."""
