"""Training of the paper's networks: Adam, mini-batches of 50, kept whole inside TensorFlow.

One call of `_steps` runs many iterations without returning to Python; the images lie in memory as uint8 and are
gathered, scaled and fed inside the loop. What bounds it: the training step itself. The order of the images is
drawn per (seed, epoch), so a run that was killed continues exactly where its last saved state stands.
"""

import dataclasses

import numpy as np

from sanity_checks import lazy
from sanity_checks import randomness
from sanity_checks.runs import archives

tf = lazy.module("tensorflow")

LEARNING_RATE = 1e-4
BATCH_SIZE = 50
ADAM_BETA_1, ADAM_BETA_2 = 0.9, 0.999
ADAM_EPSILON = 1e-8         # TF1's default, which the released code used; Keras' own is 1e-7
_STATE = "the state of this training; remove it to start again"


@dataclasses.dataclass(frozen=True)
class State:
    """Where a training stands: iterations done, and everything needed to go on."""
    iteration: int
    variables: list         # of numpy arrays: the model's, then Adam's means and mean squares of the gradients


class Trainer:
    """Trains a model on images and labels.

    Attributes:
        iteration: int, iterations done.
    """

    def __init__(self, model, images, labels, seed=0, batch_size=BATCH_SIZE, learning_rate=LEARNING_RATE,
                 regularized=True):
        """
        Args:
            model: tf_keras.Model ending in logits.
            images: uint8 [N, H, W, C]; trained on as value / 255.
            labels: int [N].
            seed: int, of the order of the images.
            batch_size: int, at most N.
            learning_rate: float, Adam's.
            regularized: whether the model's regularization losses are added.
        """
        if not 0 < batch_size <= len(images):
            raise ValueError(f"batch_size must be between 1 and the number of images {len(images)}, got {batch_size}")
        self.iteration = 0
        self._model, self._seed, self._batch_size = model, seed, batch_size
        self._regularized, self._learning_rate = regularized, learning_rate
        self._images, self._labels = tf.constant(images), tf.constant(labels, tf.int32)
        self._means, self._squares = ([tf.Variable(tf.zeros_like(v), trainable=False)
                                       for v in model.trainable_variables] for _ in range(2))
        self._steps = tf.function(self._run_steps, [tf.TensorSpec((None, batch_size), tf.int32),
                                                    tf.TensorSpec((), tf.int32)])

    @property
    def steps_per_epoch(self):
        """Whole batches in one pass over the images; a remainder is left out of that epoch."""
        return len(self._images) // self._batch_size

    def run(self, iterations):
        """Runs this many iterations; returns their mean loss and mean accuracy on the batches, as floats."""
        loss = correct = 0.
        left = iterations
        while left:
            epoch, first = divmod(self.iteration, self.steps_per_epoch)
            count = min(left, self.steps_per_epoch - first)
            sums = self._steps(self._order(epoch)[first:first + count], self.iteration)
            loss, correct = loss + float(sums[0]), correct + float(sums[1])
            self.iteration += count
            left -= count
        return loss / iterations, correct / (iterations * self._batch_size)

    def state(self):
        """Returns the present `State`."""
        return State(self.iteration, [variable.numpy() for variable in self._variables()])

    def restore(self, state):
        """Goes back to a `State` of a training with the same settings."""
        variables = self._variables()
        expected, found = [tuple(v.shape) for v in variables], [np.shape(v) for v in state.variables]
        if expected != found:
            raise ValueError(f"saved training state has variables of shapes {found}, this network has {expected}")
        for variable, value in zip(variables, state.variables):
            variable.assign(value)
        self.iteration = state.iteration

    def _variables(self):
        return [*self._model.variables, *self._means, *self._squares]

    def _order(self, epoch):
        """Batches of one epoch: int32 [steps_per_epoch, batch_size]."""
        order = randomness.generator("training order", self._seed, epoch).permutation(len(self._images))
        used = self.steps_per_epoch * self._batch_size
        return order[:used].reshape(-1, self._batch_size).astype(np.int32)

    def _run_steps(self, batches, done):
        """One optimizer step per row of `batches`; returns the summed loss and the number of right predictions.

        Args:
            batches: int32 [steps, batch_size], positions of images.
            done: int32, iterations before these.
        """
        loss_sum = correct = tf.constant(0.)
        for i in tf.range(tf.shape(batches)[0]):
            images = tf.cast(tf.gather(self._images, batches[i]), tf.float32) / 255.
            labels = tf.gather(self._labels, batches[i])
            with tf.GradientTape() as tape:
                logits = self._model(images, training=True)
                loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
                loss += tf.add_n(self._model.losses) if self._regularized and self._model.losses else 0.
            self._adam(tape.gradient(loss, self._model.trainable_variables), done + i + 1)
            loss_sum += loss
            right = tf.equal(tf.argmax(logits, axis=1, output_type=tf.int32), labels)
            correct += tf.reduce_sum(tf.cast(right, tf.float32))
        return loss_sum, correct

    def _adam(self, gradients, iteration):
        """One step of Adam by TensorFlow's fused kernel, which reads and writes each variable once.

        Args:
            gradients: list of tensors, one per trainable variable.
            iteration: int32, from 1.
        """
        powers = [tf.pow(beta, tf.cast(iteration, tf.float32)) for beta in (ADAM_BETA_1, ADAM_BETA_2)]
        for variable, mean, square, gradient in zip(
                self._model.trainable_variables, self._means, self._squares, gradients):
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle, m=mean.handle, v=square.handle, beta1_power=powers[0], beta2_power=powers[1],
                lr=self._learning_rate, beta1=ADAM_BETA_1, beta2=ADAM_BETA_2, epsilon=ADAM_EPSILON, grad=gradient)


def accuracy(classifier, images, batch_size=500):
    """Fraction of images whose largest logit is their label.

    Args:
        classifier: `sanity_checks.models.classifier.Classifier`.
        images: a split of a data set, with labels.
        batch_size: int, images a forward pass.
    """
    return int((predictions(classifier, images, batch_size) == images.labels).sum()) / len(images)


def predictions(classifier, images, batch_size=500):
    """The class of the largest logit of each image of a split: int64 [N]."""
    return np.concatenate([classifier.logits(images[first:first + batch_size]).numpy().argmax(axis=1)
                           for first in range(0, len(images), batch_size)])


def save_state(path, state, training=""):
    """Writes a `State` as npz, in one step: a killed process leaves the old file or the new one.

    Args:
        path: str.
        state: `State`.
        training: str, tells the training that it is of from all others.
    """
    variables = {str(i): value for i, value in enumerate(state.variables)}
    archives.write(path, archives.with_checksum({"iteration": np.array(state.iteration), "training": np.array(training),
                                                 **variables}))


def load_state(path, training=""):
    """Reads a `State`; ValueError if the file is not one, is damaged, or of another training."""
    stored = archives.read(path, _STATE)
    lacking = [name for name in ("iteration", "training", archives.CHECKSUM) if np.ndim(stored.get(name, [])) != 0]
    if lacking:
        raise archives.refusal(path, _STATE, f"without {lacking[0]}")
    if str(stored[archives.CHECKSUM]) != archives.checksum(stored):
        raise archives.refusal(path, _STATE, "its checksum is that of other content")
    if str(stored["training"]) != training:
        raise archives.refusal(path, _STATE, "of another training")
    return State(int(stored["iteration"]), [stored[str(i)] for i in range(len(stored) - 3)])
