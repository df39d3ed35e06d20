"""Trained nets to what serves: ONNX, int8, parity."""
