"""Training the paper's small networks, on true and on permuted labels."""
