"""Telling people of alerts: what is told, in which words, and how long the text may be."""
