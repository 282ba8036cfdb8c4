"""Verdicts: from which block on a method's maps follow the weights, decided by statistics instead of by eye.

    assessment = verdicts.assess(runs.read_rows(run_dirs))
    assessment.verdicts     # a row per (model, data set, test, method, metric), beside the paper's verdict
    assessment.stages       # the evidence: a row per stage

**The rule.** Let s be a method's mean similarity to its original maps at a stage, and n its null: the mean
similarity of its maps on two unrelated random networks, same images, same metric. n is what the input and the
method alone make alike, so a map that has lost everything it owed to the weights is expected at n, not at
zero. With a margin of 10 % of the scale from n to 1, a stage is *above the null* if s - n > 0.1 (1 - n), *at
the null* if s - n < 0.1 (1 - n), and *undecided* where the data do not tell: being at the null is shown, as
in a test of equivalence, and never concluded from a failure to show the opposite. All these statements about
a run (every stage, method and metric of one model, data set and test) are made together at a family-wise
error of 5 %: each studentized estimate is compared with the distribution of the largest of them all under a
wild bootstrap (max-T: Westfall and Young 1993; sign flips: Liu 1988). It flips the signs of whole images,
paired over stages, methods and null; what random draws of the weights add is simulated with the variance
among draws, pooled over a curve's stages because draws are few. A method is *sensitive* if all stages are at
the null, *insensitive* if all are above it, and *partly insensitive*, to the blocks that are listed, if some
are. Two further statements of the same family look at the null itself. If less than 10 % of the scale from
chance to identity is left above it (an edge detector: n = 1), no change of the weights can show: its stages
have *no range*, and the method is *insensitive*. If it covers more than half of that scale, a method whose
stages are all at the null is called *input-dominated*, since its similarity stays high for another reason
than the weights; *sensitive* asks that less than half is shown.

Intervals of single means in the tables are those of `sanity_checks.analysis.aggregation`: pointwise, for reading;
decisions are made with the simultaneous errors. With a single draw of everything, images are all there is to
resample, and the verdict's scope is "these draws". The null decides every stage and is cheap: give it five
draws or more.

Simulated with all 80 statements of a run exactly on their thresholds, where errors are likeliest, the
family-wise error was 1 to 6 %; it reached 9 % where draws of the null varied three times as much as those of
the curve, against the assumption of twice the variance (two random networks instead of one).

**Rows needed**, all with the columns `runs.COLUMNS`:

* the test's own: stages 1, 2 ... (stage 0 is not used);
* the null: test "random_networks", same model and data set, same methods (same parameters), metrics, image
  ids and explained class: stage 0 is one network with every block drawn at random, stage 1 another,
  independent one with the same initializer; `value` at stage 1 compares the two, `draw` counts the pairs. A
  method without them is "not assessed";
* chance, optional: method "random_map" in the test's rows: maps of independent Gaussian noise for every image
  and stage, compared to stage 0 like any method's. Without them chance is 0, which independent maps have on
  average under every metric of the paper (its appendix B);
* "edge_detector" and "random_map", optional, are treated like any method. They calibrate the rule: the first
  ignores the weights, so its curve is the upper end of the scale and its verdict must be "insensitive"; the
  second is nothing but weights, and must be "sensitive".
"""

from sanity_checks.analysis.verdicts import assessment
from sanity_checks.analysis.verdicts import evidence
from sanity_checks.analysis.verdicts import rule
from sanity_checks.paper import claims

Assessment = assessment.Assessment
Rule = rule.Rule
VERDICTS = rule.VERDICTS
AGREEMENTS = claims.AGREEMENTS
NULL_TEST = evidence.NULL_TEST
CHANCE_METHOD = evidence.CHANCE_METHOD
WITHOUT_WEIGHTS = assessment.WITHOUT_WEIGHTS
assess = assessment.assess


def verdicts(rows, rule=Rule(), bootstrap_samples=1000, seed=0):
    """Returns the verdict table of `assess`: pandas.DataFrame with the columns `assessment.COLUMNS`."""
    return assess(rows, rule, bootstrap_samples, seed).verdicts
