"""What a work unit computes: the maps of a sequence of weight states, compared with those of the first."""
