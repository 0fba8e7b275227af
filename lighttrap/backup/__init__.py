"""Backups of the database: taken, checked, kept for a while, and put back."""
