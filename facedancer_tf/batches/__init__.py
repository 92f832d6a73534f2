"""Swaps many pictures in one run: whole folders, patterns and tables of pairs, with a report and a journal."""
