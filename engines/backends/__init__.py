"""What runs the networks: ONNX Runtime, TensorRT plans, a fake; and the plans themselves."""
