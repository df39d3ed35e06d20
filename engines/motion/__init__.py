"""Audio to motion: lips from sound, the rest of the face from a seeded generator."""
