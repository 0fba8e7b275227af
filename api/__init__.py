"""The HTTP API for people and programs; not written yet."""
