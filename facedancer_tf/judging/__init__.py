"""Networks that read faces and take no part in any training, and intervals for what they measure."""
