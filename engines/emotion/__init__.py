"""What the voice and the words feel: three streams, one embedding, one value per frame."""
