"""TensorRT plans from the operator's side: which device draws, and the command `plan`."""
