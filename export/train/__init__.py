"""Training programs: one command each, resumable, the same on CPU and GPU."""
