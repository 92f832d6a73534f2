"""Turns pictures into records, and records into batches."""
