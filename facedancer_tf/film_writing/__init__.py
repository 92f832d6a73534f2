"""Encodes films in segments, from which a later run can go on, and puts them together with all their source holds."""
