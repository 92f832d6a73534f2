"""What prepare_data.py alone does: pictures, or people drawn by a network, to shards of aligned faces."""
