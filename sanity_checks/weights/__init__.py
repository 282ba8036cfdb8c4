"""Weight states: sequences of a model's weights, drawn or trained, and how a block is drawn."""
