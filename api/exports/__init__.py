"""Exports: files of any length, made while they are sent."""
