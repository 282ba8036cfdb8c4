"""What tests, methods, metrics, models and data sets are called, and how they are drawn. Nothing here imports TensorFlow."""
