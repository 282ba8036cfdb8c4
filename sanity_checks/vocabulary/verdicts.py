"""Words of the verdicts: what is shown at a stage, and what follows for a method."""

ABOVE, AT_NULL, UNDECIDED, NO_DATA, NO_RANGE = "above", "at null", "undecided", "no data", "no range"     # of a stage

VERDICTS = ("sensitive", "partly insensitive", "insensitive", "input-dominated", "undecided", "not assessed")
SENSITIVE, PARTLY, INSENSITIVE, INPUT, OPEN, NOT_ASSESSED = VERDICTS
