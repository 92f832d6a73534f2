"""Reading faces with networks that no training sees, and intervals for what is measured so."""
