"""Measures a face swapper from its finished pictures; docs/evaluation.md says what each number means."""
