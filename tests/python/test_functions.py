# SPDX-License-Identifier: Apache-2.0
import _thread
import json
import pathlib
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import numpy as np

import ballast
import inputs

SETTINGS = {"sigma": 0.25, "n": 500, "seed": 5}
LABELS = np.arange(6) % 10


class LikeTheProgram(unittest.TestCase):
    """The same rows as the program's, from the same model, images and seed."""

    def setUp(self):
        self.program = inputs.program()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.log = self.folder / "log.tsv"

    def run_program(self, command, images, *options):
        data = self.folder / "images.npz"
        np.savez(data, images=images, labels=LABELS)
        arguments = [self.program, command, inputs.NETWORK, data, self.log, "--sigma", "0.25", "--n", "500", "--seed", "5", "--quiet", *options]
        subprocess.run([str(argument) for argument in arguments], check=True, capture_output=True)
        return ballast.read_log(self.log)

    def assert_same(self, logged, rows):
        self.assertEqual(list(logged), list(rows))
        for name in ("idx", "label", "predict", "correct", "n", "count", "runner_up", "runner_up_count"):
            self.assertEqual(logged[name].tolist(), rows[name].tolist(), name)
        for name in ("radius", "p_lower"):
            if name not in rows:
                continue
            scale = 10 ** (6 if name == "radius" else 12)  # a log rounds down
            self.assertTrue(np.all((logged[name] <= rows[name]) & (rows[name] < logged[name] + 1.000001 / scale)), name)
        for name in ("counts", "selection", "looks"):
            for there, here in zip(logged.get(name, []), rows.get(name, [])):
                if name == "looks":
                    self.assertEqual(there.tolist(), here.tolist())
                else:
                    self.assertEqual(there[:-1].tolist(), here[: len(there) - 1].tolist())  # a log ends with the last class that has votes
                    self.assertEqual((there[-1], here[-1]), (0, 0))

    def test_certificates(self):
        images = inputs.images(6)
        logged = self.run_program("certify", images)
        rows = ballast.certify(inputs.NETWORK, images, LABELS, **SETTINGS)
        self.assertGreater(len(set(rows["count"].tolist())), 1)
        self.assert_same(logged, rows)

    def test_certificates_of_floats(self):
        images = (inputs.images(6) / 255).astype(np.float32)
        self.assert_same(self.run_program("certify", images), ballast.certify(inputs.NETWORK, images, LABELS, **SETTINGS))

    def test_certificates_at_radii_and_to_a_tolerance(self):
        images = inputs.images(6)
        labels = ballast.predict(inputs.NETWORK, images, sigma=0.25, n=100, alpha=0.5, seed=1)["predict"]
        for options, arguments in (
            (["--radii", "0,0.1,0.25", "--target", "predicted"], {"radii": [0, 0.1, 0.25], "target": "predicted"}),
            (["--tolerance", "0.2", "--target", "predicted", "--futility", "0"], {"tolerance": 0.2, "target": "predicted", "futility": 0}),
            (["--radii", "0,0.1"], {"radii": np.array([0.1, 0])}),
        ):
            self.log.unlink(missing_ok=True)
            rows = ballast.certify(inputs.NETWORK, images, LABELS, **SETTINGS, **arguments)
            self.assert_same(self.run_program("certify", images, *options), rows)
        self.assertTrue(np.any(ballast.certify(inputs.NETWORK, images, np.maximum(labels, 0), radii=[0], **SETTINGS)["correct"]))

    def test_predictions(self):
        images = inputs.images(6)
        self.assert_same(self.run_program("predict", images), ballast.predict(inputs.NETWORK, images, LABELS, **SETTINGS))

    def test_the_manifest_is_read(self):
        self.run_program("certify", inputs.images(6))
        manifest = ballast.read_manifest(self.log)
        self.assertEqual(manifest, json.loads(self.log.with_name("log.tsv.json").read_text()))
        self.assertEqual((manifest["seed"], manifest["sigma"], manifest["noise"]), (5, 0.25, "grid"))
        self.assertEqual(manifest["model_sha256"], ballast.Model(inputs.NETWORK).sha256)
        self.assertEqual(manifest["ballast"], ballast.__version__)
        self.assertEqual(ballast.read_manifest(str(self.log) + ".json"), manifest)


class Rows(unittest.TestCase):
    def test_threads_never_change_the_answer(self):
        images = inputs.images(4)
        model = ballast.Model(inputs.NETWORK)
        for arguments in ({}, {"radii": [0, 0.1], "target": "predicted"}, {"anytime": True, "gain": 0.2}):
            one, three = (ballast.certify(model, images, threads=threads, **SETTINGS, **arguments) for threads in (1, 3))
            self.assertEqual(one.keys(), three.keys())
            for name in one.keys() - {"time"}:
                self.assertTrue(all(np.array_equal(a, b) for a, b in zip(one[name], three[name])), name)

    def test_a_radius_at_any_time_is_nearly_the_fixed_one(self):
        images, labels = inputs.images(4), [0, 1, 2, 0]
        fixed = ballast.certify(inputs.NETWORK, images, sigma=0.25, n=5000)
        anytime = ballast.certify(inputs.NETWORK, images, sigma=0.25, n=5000, anytime=True)
        self.assertEqual([look.shape for look in anytime["looks"]], [(1, 2) if label >= 0 else (0, 2) for label in anytime["predict"]])
        for radius, largest in zip(anytime["radius"], fixed["radius"]):
            self.assertLess(radius, 1.1 * largest + 1e-9)
            self.assertTrue(largest < 0.1 or radius > 0.9 * largest)
        gain = ballast.certify(inputs.NETWORK, images, labels, sigma=0.25, n=50_000, anytime=True, gain=0.2)
        self.assertLess(gain["n"].max(), 50_000)
        self.assertEqual(ballast.certify(inputs.NETWORK, images, sigma=0.25, n=5000, radii=[])["radius"].tolist(), fixed["radius"].tolist())
        with self.assertRaisesRegex(ValueError, "gain goes with anytime"):
            ballast.certify(inputs.NETWORK, images, sigma=0.25, gain=0.2)
        with self.assertRaisesRegex(ValueError, "radii and anytime do not go together"):
            ballast.certify(inputs.NETWORK, images, sigma=0.25, radii=[0], anytime=True)

    def test_the_derived_seed_is_a_function_of_the_call(self):
        images = inputs.images(3)
        counts = lambda **arguments: np.stack(ballast.certify(inputs.NETWORK, sigma=0.25, **{"images": images, "n": 300, **arguments})["counts"])
        self.assertTrue(np.array_equal(counts(), counts(alpha=0.01, labels=[0, 1, 2])))
        self.assertFalse(np.array_equal(counts(), counts(images=images ^ 1)))
        self.assertFalse(np.array_equal(counts(), counts(seed=1)))

    def test_columns_are_of_one_length_and_plain_types(self):
        rows = ballast.certify(inputs.threshold(-0.2), np.full((5, 1, 1), 0.5), [1] * 5, sigma=0.25, n=100, num_classes=2)
        self.assertEqual({name: len(column) for name, column in rows.items()}, dict.fromkeys(rows, 5))
        self.assertTrue(all(column.ndim == 1 for column in rows.values()))
        self.assertEqual(rows["idx"].tolist(), list(range(5)))
        self.assertTrue(rows["correct"].all())
        self.assertNotIn("label", ballast.certify(inputs.threshold(-0.2), np.full((5, 1, 1), 0.5), sigma=0.25, n=100, num_classes=2))

    def test_columns_make_a_data_frame(self):
        try:
            import pandas
        except ImportError:
            self.skipTest("pandas is not there; on Debian: apt-get install python3-pandas")
        rows = ballast.certify(inputs.threshold(-0.2), np.full((5, 1, 1), 0.5), [1] * 5, sigma=0.25, n=100, num_classes=2)
        self.assertEqual(pandas.DataFrame(rows).shape, (5, len(rows)))

    def test_images_do_not_share_noise(self):
        batches = []
        keep = lambda batch: batches.append(batch) or np.zeros(len(batch), int)
        ballast.certify(keep, np.full((4, 1, 1), 0.5), sigma=0.25, n=50, n0=10, num_classes=2, check=False)
        drawn = np.concatenate([batch.ravel() for batch in batches])
        self.assertEqual((len(drawn), len(np.unique(drawn))), (240, 240))

    def test_a_test_set_in_several_calls_is_one_in_one_call(self):
        images = inputs.images(5)
        whole = ballast.certify(inputs.NETWORK, images, sigma=0.25, n=300, seed=7)
        parts = [ballast.certify(inputs.NETWORK, images[k : k + 2], sigma=0.25, n=300, seed=7, first=k) for k in (0, 2, 4)]
        for name in ("predict", "radius", "count"):
            self.assertEqual(whole[name].tolist(), np.concatenate([part[name] for part in parts]).tolist())
        doubtful = int(whole["count"].argmin())  # not unanimous, so that other draws are seen
        apart = ballast.certify(inputs.NETWORK, images[doubtful : doubtful + 1], sigma=0.25, n=300, seed=7, first=doubtful + 1)
        self.assertNotEqual(apart["counts"][0].tolist(), whole["counts"][doubtful].tolist())
        for first in (-1, 2**32):
            with self.assertRaises(ValueError):
                ballast.certify(inputs.NETWORK, images, sigma=0.25, n=300, first=first)

    def test_a_radius_asked_for_is_the_one_returned(self):
        always = lambda batch: np.zeros(len(batch), int)
        for radius in (0.5, 0.3, 0.1):
            rows = ballast.certify(always, np.full((2, 1, 1), 0.5), [0, 0], sigma=0.25, radii=[0, radius], num_classes=2)
            self.assertEqual(rows["radius"].tolist(), [radius, radius])

    def test_family_wise_shares_alpha_out(self):
        images = np.full((4, 1, 1), 0.5)
        shared, alone = (
            ballast.certify(lambda batch: np.zeros(len(batch), int), images, sigma=0.25, n=100, num_classes=2, alpha=alpha, family_wise=together)
            for alpha, together in ((0.004, True), (0.001, False))
        )
        self.assertEqual(shared["radius"].tolist(), alone["radius"].tolist())

    def test_other_laws_of_noise(self):
        always = lambda batch: np.zeros(len(batch), int)
        of = lambda **arguments: ballast.certify(always, np.zeros((1, 1, 2, 2), np.uint8), n=100, num_classes=2, lambda_=0.2, **arguments)
        self.assertTrue(0.2 - 1e-15 <= of(noise="split")["radius"][0] <= 0.2)
        self.assertAlmostEqual(of(noise="uniform")["radius"][0], 0.4 * (0.001**0.01 - 0.5), places=9)
        self.assertAlmostEqual(of(noise="laplace")["radius"][0], -0.2 * np.log(2 * (1 - 0.001**0.01)), places=9)

    def test_what_does_not_fit_is_refused(self):
        images = inputs.images(2)
        for word, arguments in (
            ("sigma is required", {}),
            ("lambda_", {"sigma": 0.25, "lambda_": 1.0}),
            ("lambda_ is required", {"noise": "uniform"}),
            ("auto", {"sigma": 0.25, "noise": "pink"}),
            ("bound", {"sigma": 0.25, "bound": "best"}),
            ("selection", {"sigma": 0.25, "selection": "best"}),
            ("together", {"sigma": 0.25, "radii": [0], "tolerance": 0.1}),
            ("target", {"sigma": 0.25, "target": "label"}),
            ("target", {"sigma": 0.25, "radii": [0], "target": "best"}),
            ("labels are needed", {"sigma": 0.25, "radii": [0], "target": "label"}),
            ("n0", {"sigma": 0.25, "n0": 0}),
            ("at least n = 10", {"sigma": 0.25, "n": 5}),
            ("label 10", {"sigma": 0.25, "labels": [0, 10]}),
            ("label -1", {"sigma": 0.25, "labels": [-1, 0]}),
            ("1 for 2 images", {"sigma": 0.25, "labels": [1]}),
            ("whole numbers", {"sigma": 0.25, "labels": [0.5, 1]}),
            ("there are none", {"sigma": 0.25, "images": images[:0]}),
            ("dimensions", {"sigma": 0.25, "images": images[0, 0]}),
            ("0 to 1", {"sigma": 0.25, "images": images.astype(np.float32)}),
            ("8-bit", {"sigma": 0.25, "images": images / 255, "noise": "grid"}),
            ("threads", {"sigma": 0.25, "threads": -1}),
            ("num_classes", {"sigma": 0.25, "model": lambda batch: batch}),
            ("precision", {"sigma": 0.25, "model": inputs.NETWORK, "precision": "fp8"}),
        ):
            arguments = {"model": inputs.NETWORK, "images": images, **arguments}
            with self.subTest(word), self.assertRaises(ValueError) as raised:
                if "precision" in arguments:
                    ballast.Model(arguments["model"], precision=arguments["precision"])
                ballast.certify(**arguments)
            self.assertIn(word, str(raised.exception))
            self.assertNotIn("\n", str(raised.exception))
        with self.assertRaises(ValueError):
            ballast.predict(inputs.NETWORK, images, lambda_=0.2, noise="split")


class Threads(unittest.TestCase):
    def test_other_threads_go_on_and_may_interrupt(self):
        # A shell's background commands ignore SIGINT, and Python then sets no handler for it.
        self.addCleanup(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, signal.default_int_handler))
        # Were the GIL held, the other thread would not get to its interruption, and the call would return.
        begun, steps = threading.Event(), []

        def interrupt():
            begun.wait()
            for _ in range(50):
                time.sleep(0.002)
                steps.append(1)
            _thread.interrupt_main()

        staged = {"radii": [0, 0.25, 0.5, 0.75], "target": "predicted", "futility": 0}
        for count, arguments in ((8, {"n": 20_000}), (100, {"n": 100_000, **staged})):
            begun.clear(), steps.clear()
            other = threading.Thread(target=interrupt)
            other.start()
            with self.assertRaises(KeyboardInterrupt):
                begun.set()
                ballast.certify(inputs.NETWORK, inputs.images(count), sigma=0.25, **arguments)
            other.join()
            self.assertEqual(len(steps), 50)

    def test_threads_share_one_model(self):
        model, images = ballast.Model(inputs.NETWORK), inputs.images(2)
        expected = ballast.certify(model, images, threads=1, **SETTINGS)["count"].tolist()
        found = []
        work = lambda: found.append(ballast.certify(model, images, threads=1, **SETTINGS)["count"].tolist())
        threads = [threading.Thread(target=work) for _ in range(4)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        self.assertEqual(found, [expected] * 4)


class Logs(unittest.TestCase):
    def read(self, text):
        with tempfile.TemporaryDirectory() as folder:
            log = pathlib.Path(folder) / "log"
            log.write_text(text)
            return ballast.read_log(log)

    def test_a_log_of_the_reference_implementation(self):
        rows = self.read("idx\tlabel\tpredict\tradius\tcorrect\ttime\n0\t3\t3\t0.25\t1\t0:01:02.5\n20\t5\t-1\t0.0\t0\t1 day, 0:00:00.5\n")
        self.assertEqual(
            {name: column.tolist() for name, column in rows.items()},
            {
                "idx": [0, 20],
                "label": [3, 5],
                "predict": [3, -1],
                "radius": [0.25, 0],
                "correct": [True, False],
                "time": [62.5, 86400.5],
            },
        )

    def test_votes_are_arrays(self):
        rows = self.read(
            "idx\tlabel\tpredict\tradius\tcorrect\ttime\tp_lower\tn\tcount\trunner_up\trunner_up_count\tselection\tcounts\n"
            "0\t0\t0\t0.5\t1\t0:00:01\t0.9\t100\t98\tnan\t2\t0:10\t0:98,nan:2\n1\t1\t0\t0.5\t0\t0:00:01\t0.9\t100\t100\t1\t0\t-\t0:100\n"
        )
        self.assertEqual([votes.tolist() for votes in rows["counts"]], [[98, 2], [100, 0, 0]])
        self.assertEqual([votes.tolist() for votes in rows["selection"]], [[10, 0], [0]])
        self.assertEqual(rows["runner_up"].tolist(), [-1, 1])

    def test_what_is_no_log_is_refused(self):
        with self.assertRaises(ValueError):
            self.read("a\tb\n1\t2\n")
        for read in (ballast.read_log, ballast.read_manifest):
            with self.assertRaises(FileNotFoundError) as raised:
                read("/not/there")
            self.assertIn("/not/there", str(raised.exception))


if __name__ == "__main__":
    unittest.main()
