"""MQTT in, database out: the worker that stores readings before it acknowledges them."""
