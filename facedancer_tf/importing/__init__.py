"""Imports weight files of others: reads them as graphs and matches these with our own networks, executes nothing."""
