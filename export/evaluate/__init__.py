"""Figures on held-out data, each with its floors."""
