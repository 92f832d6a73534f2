"""Measuring a face swapper from outside: docs/evaluation.md says what each number means."""
