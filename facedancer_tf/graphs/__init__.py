"""Networks as plain graphs of operations: importing reads files of others into them, exporting writes them out."""
