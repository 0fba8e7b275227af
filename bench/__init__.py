"""Measures: what one worker stores per second, what a reading costs as the table grows, in ratios of one run."""
