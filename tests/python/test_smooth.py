# SPDX-License-Identifier: Apache-2.0
import math
import os
import signal
import unittest

import numpy as np

import ballast
import inputs
from ballast import Smooth, stats


class Recorder:
    """A classifier that keeps what it was given, and always answers 1."""

    def __init__(self):
        self.batches = []

    def __call__(self, batch):
        self.batches.append(batch)
        return np.ones(len(batch), np.int64)


class Certify(unittest.TestCase):
    def test_a_unanimous_vote_has_the_radius_of_the_closed_form(self):
        label, radius = Smooth(Recorder(), 2, 0.25).certify(inputs.DOT, 100, 1000, 0.001, 300)
        self.assertEqual((label, type(label), type(radius)), (1, int, float))
        self.assertAlmostEqual(radius, 0.25 * stats.normal_quantile(0.001**0.001), places=12)

    def test_votes_come_as_often_as_the_class_is_probable(self):
        n = 20_000
        for sigma, score in ((0.25, 0.0), (0.5, -0.25), (0.25, 0.5)):
            p = stats.normal_cdf(-score / sigma)  # of class 1
            row = ballast.certify(inputs.threshold(score), inputs.DOT[None], sigma=sigma, n=n, num_classes=2, seed=1)
            self.assertGreater(stats.two_sided_p_value(int(row["counts"][0][1]), n, p), inputs.FALSE_ALARM)

    def test_the_radius_is_not_above_the_true_one(self):
        # The distance to the boundary is the true radius of a halfspace. Wrong by chance with probability 1e-6 a call.
        for _ in range(20):
            label, radius = Smooth(inputs.threshold(-0.3), 2, 0.25).certify(inputs.DOT, 100, 5000, inputs.FALSE_ALARM, 1000)
            self.assertEqual(label, 1)
            self.assertLessEqual(radius, 0.3)
            self.assertGreater(radius, 0.2)

    def test_abstains_where_two_classes_are_as_probable(self):
        smooth = Smooth(inputs.threshold(0.0), 2, 0.25, seed=3)
        self.assertEqual(smooth.certify(inputs.DOT, 100, 2000, 0.001, 500), (Smooth.ABSTAIN, 0.0))
        self.assertEqual(smooth.predict(inputs.DOT, 2000, 0.001, 500), Smooth.ABSTAIN)
        self.assertEqual(Smooth.ABSTAIN, -1)

    def test_predict_gives_the_likelier_class(self):
        self.assertEqual(Smooth(inputs.threshold(-0.3), 2, 0.25).predict(inputs.DOT, 1000, inputs.FALSE_ALARM, 128), 1)

    def test_scores_and_labels_are_the_same_votes(self):
        labels = inputs.threshold(-0.1)
        scores = lambda batch: np.eye(2, dtype=np.float64)[labels(batch)]
        answers = {Smooth(f, 2, 0.25, seed=5).certify(inputs.DOT, 100, 3000, 0.001, 700) for f in (labels, scores)}
        self.assertEqual(len(answers), 1)

    def test_nan_scores_vote_for_no_class(self):
        broken = lambda batch: np.full((len(batch), 3), np.nan)
        self.assertEqual(Smooth(broken, 3, 0.25).certify(inputs.DOT, 10, 100, 0.001, 10), (Smooth.ABSTAIN, 0.0))
        row = ballast.certify(broken, inputs.DOT[None], sigma=0.25, n=100, num_classes=3)
        self.assertEqual(row["counts"][0].tolist(), [0, 0, 0, 100])
        one_in_ten = lambda batch: np.where(np.arange(len(batch)) % 10 == 0, np.nan, 0.0)[:, None] + np.eye(3)[np.ones(len(batch), int)]
        row = ballast.certify(one_in_ten, inputs.DOT[None], sigma=0.25, n=100, num_classes=3, batch_size=50)
        self.assertEqual((row["counts"][0].tolist(), row["runner_up"][0], row["runner_up_count"][0]), ([0, 90, 0, 10], -1, 10))


class Draws(unittest.TestCase):
    def batches(self, calls=1, batch_size=64, **arguments):
        recorder = Recorder()
        smooth = Smooth(recorder, 2, 0.25, check=False, **arguments)
        for _ in range(calls):
            smooth.certify(inputs.DOT, 20, 100, 0.001, batch_size)
        return np.concatenate([batch.ravel() for batch in recorder.batches])

    def test_noise_is_fresh_without_a_seed(self):
        # Two of 360 single-precision numbers are equal by chance once in a few hundred runs; more than two such pairs less than once in 1e6.
        drawn = self.batches(calls=3)
        self.assertEqual(len(drawn), 360)
        self.assertGreaterEqual(len(np.unique(drawn)), 358)
        self.assertLessEqual(np.sum(drawn[:120] == self.batches()), 1)

    def test_noise_is_the_same_with_the_same_seed(self):
        drawn = self.batches(calls=3, seed=7)
        self.assertTrue(np.array_equal(drawn, self.batches(calls=3, seed=7)))
        self.assertFalse(np.any(drawn == self.batches(calls=3, seed=8)))
        self.assertEqual(len(np.unique(drawn)), 360)  # no draw is used by two calls, nor by selection and estimation

    def test_noise_does_not_depend_on_the_batch(self):
        self.assertTrue(np.array_equal(self.batches(seed=7), self.batches(seed=7, batch_size=1)))

    def test_noise_is_gaussian_around_the_image(self):
        recorder = Recorder()
        Smooth(recorder, 2, 0.5, seed=1, check=False).certify(np.full((3, 4, 5), 0.25), 10, 1000, 0.001, 1000)
        values = (recorder.batches[1].astype(np.float64) - 0.25) / 0.5
        self.assertEqual(values.shape, (1000, 3, 4, 5))
        # A mean of 60,000 normal values, and the share of them below 1, at the declared probability of a false alarm.
        self.assertLess(abs(values.mean()) * math.sqrt(values.size), stats.normal_upper_quantile(inputs.FALSE_ALARM / 2))
        below = int((values < 1).sum())
        self.assertGreater(stats.two_sided_p_value(below, values.size, stats.normal_cdf(1)), inputs.FALSE_ALARM)

    def test_bytes_stay_on_their_grid(self):
        recorder = Recorder()
        Smooth(recorder, 2, 0.25, seed=1, check=False).certify(np.full((1, 2, 2), 100, np.uint8), 10, 100, 0.001, 100)
        steps = recorder.batches[0].astype(np.float64) * 255
        self.assertEqual(recorder.batches[0].dtype, np.float32)
        self.assertLess(np.abs(steps - steps.round()).max(), 1e-4)
        self.assertGreater(len(np.unique(steps.round())), 10)

    def test_a_batch_may_be_kept_and_written_to(self):
        drawn = self.batches(seed=7)
        recorder = Recorder()

        def scribble(batch):
            answer = recorder(batch.copy())
            batch[:] = 0
            return answer

        Smooth(scribble, 2, 0.25, seed=7, check=False).certify(inputs.DOT, 20, 100, 0.001, 64)
        self.assertTrue(np.array_equal(drawn, np.concatenate([batch.ravel() for batch in recorder.batches])))


class Functions(unittest.TestCase):
    """Certificates are about a function of one image."""

    def refused(self, classifier, word, **arguments):
        for ask in (
            lambda **more: Smooth(classifier, 2, 0.25, **more).certify(inputs.DOT, 10, 100, 0.001, 10),
            lambda **more: ballast.certify(classifier, inputs.DOT[None], sigma=0.25, n=100, num_classes=2, **more),
            lambda **more: ballast.predict(classifier, inputs.DOT[None], sigma=0.25, n=100, num_classes=2, **more),
        ):
            with self.assertRaises(ValueError) as raised:
                ask()
            self.assertIn(word, str(raised.exception))
            self.assertIn("no function", str(raised.exception))
            ask(check=False)

    def test_what_draws_lots_is_refused(self):
        random = np.random.default_rng(1)
        self.refused(lambda batch: random.random((len(batch), 2)), "the second time")  # as dropout does
        self.refused(lambda batch: random.integers(0, 2, len(batch)), "")

    def test_what_depends_on_the_rest_of_the_batch_is_refused(self):
        # As batch normalisation in training mode does.
        self.refused(lambda batch: (batch[:, 0, 0, :1] - batch.mean()) * np.array([[1.0, -1.0]]), "in a smaller batch")

    def test_a_function_is_taken(self):
        Smooth(inputs.threshold(-0.1), 2, 0.25).certify(inputs.DOT, 10, 100, 0.001, 10)

    def test_a_small_batch_is_kept_to(self):
        def one(batch):
            self.assertEqual(len(batch), 1)
            return np.ones(1, int)

        Smooth(one, 2, 0.25).certify(inputs.DOT, 5, 20, 0.001, 1)


class Inputs(unittest.TestCase):
    def answer(self, x):
        return Smooth(inputs.threshold(-0.1), 2, 0.25, seed=2).certify(x, 50, 500, 0.001, 100)

    def test_the_array_protocol_and_dlpack_are_understood(self):
        class ByProtocol:
            def __array__(self, dtype=None, copy=None):
                return np.asarray(inputs.DOT, dtype)

        class ByDlpack:
            def __dlpack__(self, **arguments):
                return inputs.DOT.__dlpack__(**arguments)

            def __dlpack_device__(self):
                return inputs.DOT.__dlpack_device__()

        expected = self.answer(inputs.DOT)
        for x in (ByProtocol(), ByDlpack(), inputs.DOT.astype(np.float64), inputs.DOT.astype(">f4"), inputs.DOT.tolist()):
            self.assertEqual(self.answer(x), expected)

    def test_the_order_in_memory_does_not_matter(self):
        turned = np.asfortranarray(np.random.default_rng(0).random((3, 4, 5), np.float32))
        recorders = Recorder(), Recorder()
        for recorder, x in zip(recorders, (turned, np.ascontiguousarray(turned))):
            Smooth(recorder, 2, 0.25, seed=1, check=False).certify(x, 10, 10, 0.001, 10)
        self.assertTrue(np.array_equal(recorders[0].batches[0], recorders[1].batches[0]))

    def refused(self, word, x=inputs.DOT, classifier=None, classes=2, sigma=0.25, n=100, alpha=0.001, batch_size=10, error=ValueError):
        with self.assertRaises(error) as raised:
            Smooth(classifier or Recorder(), classes, sigma).certify(x, 10, n, alpha, batch_size)
        self.assertIn(word, str(raised.exception))
        self.assertNotIn("\n", str(raised.exception))

    def test_wrong_images_are_refused(self):
        self.refused("shape (1, 1)", x=inputs.DOT[0])
        self.refused("shape (1, 1, 1, 1)", x=inputs.DOT[None])
        self.refused("sides", x=np.zeros((1, 0, 3)))
        self.refused("finite", x=np.full((1, 2, 2), np.nan))
        self.refused("finite", x=np.full((1, 2, 2), np.inf, np.float32))
        self.refused("int64", x=np.zeros((1, 2, 2), np.int64))
        self.refused("<U", x=np.array([[["a"]]]))

    def test_wrong_settings_are_refused(self):
        self.refused("at least n = 10", n=9)
        self.refused("alpha", alpha=0)
        self.refused("sigma", sigma=-1)
        self.refused("batch_size", batch_size=0)
        self.refused("at least 2", classes=1)
        with self.assertRaises(TypeError):
            Smooth(3, 2, 0.25)

    def test_wrong_answers_of_a_classifier_are_refused(self):
        self.refused("(8, 3)", classifier=lambda batch: np.zeros((len(batch), 3)))
        self.refused("float64 of shape (8,)", classifier=lambda batch: np.zeros(len(batch)))
        self.refused("(3,)", classifier=lambda batch: np.zeros(3, int))
        self.refused("from 2 to 2", classifier=lambda batch: np.full(len(batch), 2))
        self.refused("from -1 to -1", classifier=lambda batch: np.full(len(batch), -1))

    def test_an_exception_of_the_classifier_comes_through_as_it_is(self):
        class Own(Exception):
            pass

        raised = Own("mine")

        def failing(batch):
            raise raised

        with self.assertRaises(Own) as caught:
            Smooth(failing, 2, 0.25).certify(inputs.DOT, 10, 100, 0.001, 10)
        self.assertIs(caught.exception, raised)


class OfOnnxFile(unittest.TestCase):
    def test_calls_are_numbered_as_images_of_a_data_set(self):
        images = inputs.images(3)
        rows = ballast.certify(inputs.NETWORK, images, sigma=0.25, n=300, seed=11)
        smooth = Smooth(str(inputs.NETWORK), 10, 0.25, seed=11)
        answers = [smooth.certify(x, 100, 300, 0.001, 1000) for x in images]
        self.assertEqual(answers, list(zip(rows["predict"].tolist(), rows["radius"].tolist())))

    def test_floats_get_float_noise(self):
        smooth = Smooth(ballast.Model(inputs.NETWORK), 10, 0.25, seed=1, threads=1)
        x = inputs.images(1)[0]
        rows = ballast.certify(inputs.NETWORK, x[None] / 255, sigma=0.25, n=300, n0=50, seed=1, noise="gaussian")
        self.assertEqual(smooth.certify(x / 255, 50, 300, 0.001, 1000), (rows["predict"][0], rows["radius"][0]))

    def test_what_does_not_fit_is_refused(self):
        for classes, x, word in (
            (9, inputs.images(1)[0], "num_classes = 9"),
            (10, np.zeros((3, 32, 32), np.uint8), "3x32x32"),
            (10, np.full((1, 28, 28), 1.5), "0 to 1"),
            (10, np.full((1, 28, 28), np.nan), "finite"),
        ):
            with self.assertRaises(ValueError) as raised:
                Smooth(inputs.NETWORK, classes, 0.25).certify(x, 10, 100, 0.001, 10)
            self.assertIn(word, str(raised.exception))
        with self.assertRaisesRegex(FileNotFoundError, "/not/there.onnx"):
            Smooth("/not/there.onnx", 10, 0.25)
        self.assertEqual(repr(Smooth(len, 10, 0.25)), "ballast.Smooth(<built-in function len>, 10, 0.25)")

    @unittest.skipUnless(hasattr(os, "fork"), "there is no fork here")
    def test_a_model_works_in_a_forked_process_too(self):
        smooth = Smooth(inputs.NETWORK, 10, 0.25, threads=2)
        x = inputs.images(1)[0]
        expected = smooth.certify(x, 10, 100, 0.001, 10)[0]
        child = os.fork()
        if child == 0:
            signal.alarm(60)  # ends it where it would wait for ever
            os._exit(0 if smooth.certify(x, 10, 100, 0.001, 10)[0] in (expected, Smooth.ABSTAIN) else 1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)


if __name__ == "__main__":
    unittest.main()
