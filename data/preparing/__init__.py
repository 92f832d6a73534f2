"""Turns pictures, or synthetic people, into shards of aligned faces; only prepare_data.py uses it."""
