"""What only the paper needs: its claims, its figures, calibration, simple models, the input times random vectors."""
