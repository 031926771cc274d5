"""Sensorium: multimodal machine learning on tables."""
