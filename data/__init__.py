"""Pictures to records to batches."""
