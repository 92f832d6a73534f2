"""Networks as plain graphs of layers, which importing reads other people's files into and exporting writes out."""
