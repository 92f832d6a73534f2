"""Shares work among processes, of this machine or of many, by Dask: whatever dies, nothing is lost or counts twice."""
