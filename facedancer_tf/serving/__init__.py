"""A page and a REST API on this computer: pictures and films come in by HTTP, and go out with all marks."""
