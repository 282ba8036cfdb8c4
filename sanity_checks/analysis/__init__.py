"""From rows to answers: aggregation with intervals, and verdicts. Nothing here imports TensorFlow."""
