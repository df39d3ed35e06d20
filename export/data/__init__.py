"""Training and evaluation data, read and prepared."""
