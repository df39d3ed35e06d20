"""Offline work: data, training, evaluation, making the files that engines load.

Runs from the command line only; may import torch.
Nothing in server or engines imports it.
"""
