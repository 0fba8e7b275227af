"""How database, broker and fleet are, for Prometheus: a program that only reads."""
