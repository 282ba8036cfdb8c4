"""Names of stages that are no block of a model."""

ORIGINAL = "original"                                       # stage 0, the weights as they were given
RANDOM_NETWORK, ANOTHER = "random network", "another"       # of the null
LABEL_STAGES = TRUE_LABELS, RANDOM_LABELS = "true labels", "random labels"      # of the data randomization test
OTHER_CLASS = "other class"                                 # of the unchanged model
RESERVED = (ORIGINAL, RANDOM_NETWORK, ANOTHER, *LABEL_STAGES, OTHER_CLASS)      # no block may have such a name
