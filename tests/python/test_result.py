# SPDX-License-Identifier: Apache-2.0
"""What is read off rows, logs of Python's own, and the program's commands as functions."""

import json
import pathlib
import pickle
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree

import numpy as np

import ballast
import inputs
from ballast import stats


def constant(batch):
    """Class 0, whatever the image."""
    return np.zeros(len(batch), np.int64)


class Rows(unittest.TestCase):
    rows = ballast.Result(
        {
            "idx": np.arange(4),
            "predict": np.array([1, 0, -1, 2]),
            "radius": np.array([0.5, 0.25, 0.0, 0.75]),
            "correct": np.array([True, True, False, False]),
            "n": np.array([100, 100, 100, 300]),
        },
        {"alpha": 0.001, "norm": "l2", "rows": 4},
    )

    def test_accuracy_is_the_share_certified_at_the_radius_or_beyond(self):
        self.assertEqual([self.rows.accuracy(radius) for radius in (0, 0.25, 0.26, 0.5, 0.51)], [0.5, 0.5, 0.25, 0.25, 0.0])
        self.assertEqual(self.rows.average_radius(), 0.1875)
        self.assertEqual(self.rows.table(), {0.0: 0.5, 0.25: 0.5, 0.5: 0.25})
        self.assertEqual(self.rows.table([0.3]), {0.3: 0.25})

    def test_the_curve_has_the_accuracy_up_to_each_radius(self):
        radii, accuracy = self.rows.curve()
        self.assertEqual((radii.tolist(), accuracy.tolist()), ([0.0, 0.25, 0.5], [0.5, 0.5, 0.25]))

    def test_a_radius_that_was_not_tested_has_no_accuracy(self):
        staged = ballast.Result(dict(self.rows), {"radii": [0, 0.25, 0.5], "method": "certify-radii"})
        self.assertEqual([staged.accuracy(radius) for radius in (0, 0.25, 0.5, np.nextafter(0.5, 1))], [0.5, 0.5, 0.25, 0.0])
        for radius in (0.1, 0.3, 0.75):
            self.assertTrue(np.isnan(staged.accuracy(radius)), radius)
        self.assertEqual(staged.table(), {0.0: 0.5, 0.25: 0.5, 0.5: 0.25})
        radii, accuracy = staged.curve()
        self.assertEqual((radii.tolist(), accuracy.tolist()), ([0.0, 0.25, 0.5], [0.5, 0.5, 0.25]))
        self.assertIn("M40.0 ", staged._repr_html_())
        verified = ballast.Result(dict(self.rows), {"method": "verify", "radius": 0.25})
        self.assertEqual(verified.accuracy(0.25), 0.5)
        self.assertTrue(np.isnan(verified.accuracy(0.5)))
        searched = ballast.Result(dict(self.rows), {"method": "verify", "most": 0.5})
        self.assertEqual(searched.accuracy(0.4), 0.25)
        self.assertTrue(np.isnan(searched.accuracy(0.6)))

    def test_bounds_are_those_of_the_counts(self):
        bounds = self.rows.bounds(0.25, rho=0.01)
        self.assertEqual(bounds["inverted"], stats.inverted_bound(4, 2, 0.001, 0.01))
        self.assertEqual(bounds["population"], stats.population_bound(4, 2, 0.001, 0.01))
        with self.assertRaisesRegex(ValueError, "alpha"):
            ballast.Result(self.rows).bounds()

    def test_bounds_are_of_what_was_planned(self):
        columns, settings = dict(self.rows), self.rows.settings
        incomplete = ballast.Result(columns, {**settings, "rows": 10})
        self.assertEqual(incomplete.bounds()["inverted"], stats.inverted_bound(10, 2, 0.001, 0.001))
        extended, unplanned = {**settings, "first_plan": 3}, {"alpha": 0.001}
        for how in (extended, unplanned, {**settings, "illustration": "scaled"}, {**settings, "method": "verify"}):
            with self.assertRaisesRegex(ValueError, "bounds: "):
                ballast.Result(columns, how).bounds()

    def test_what_rows_do_not_say_is_refused(self):
        unlabelled = ballast.Result({name: column for name, column in self.rows.items() if name != "correct"})
        for ask in (unlabelled.accuracy, unlabelled.average_radius, unlabelled.bounds):
            with self.assertRaisesRegex(ValueError, "labels|alpha"):
                ask()
        predicted = ballast.Result({name: column for name, column in self.rows.items() if name != "radius"})
        self.assertEqual(predicted.accuracy(), 0.5)
        for ask in (lambda: predicted.accuracy(0.25), predicted.average_radius, predicted.curve):
            with self.assertRaisesRegex(ValueError, "predictions"):
                ask()
        with self.assertRaisesRegex(ValueError, "radius"):
            self.rows.accuracy(-1)

    def test_it_is_shown_in_words_and_in_a_notebook(self):
        self.assertIn("certified accuracy at 0.25 0.5000", repr(self.rows))
        shown = self.rows._repr_html_()
        xml.etree.ElementTree.fromstring(shown)
        self.assertIn("<svg", shown)
        self.assertIn("0.1875", shown)
        for empty in (ballast.Result({"idx": np.array([])}), ballast.Result({"idx": np.array([0]), "predict": np.array([-1])})):
            xml.etree.ElementTree.fromstring(empty._repr_html_())

    def test_it_is_a_dict_that_can_be_sent(self):
        again = pickle.loads(pickle.dumps(self.rows))
        self.assertEqual(again.settings, self.rows.settings)
        self.assertEqual(again.accuracy(0.25), 0.5)
        self.assertEqual(list(dict(self.rows)), list(self.rows))

    def test_it_is_drawn_where_matplotlib_is(self):
        try:
            import matplotlib
        except ImportError:
            self.skipTest("there is no matplotlib")
        matplotlib.use("Agg")
        (line,) = self.rows.plot(label="mine").lines
        self.assertEqual(line.get_ydata().tolist()[-1], 0.0)


class WithLog(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.log = self.folder / "log.tsv"

    def certify(self, function=constant, images=None, **arguments):
        images = inputs.images(6) if images is None else images
        given = {"sigma": 0.25, "n0": 10, "n": 100, "num_classes": 10, "check": False, "log": self.log}
        return ballast.certify(function, images, [0] * len(images), **{**given, **arguments})

    def same(self, a, b, but=()):
        for name in a:
            if name not in ("time", *but):
                self.assertEqual([np.asarray(cell).tolist() for cell in a[name]], [np.asarray(cell).tolist() for cell in b[name]], name)


class Logs(WithLog):
    def test_a_log_has_the_rows_and_is_checked_by_the_program(self):
        rows = self.certify()
        read = ballast.read_log(self.log)
        self.assertEqual(read.settings, rows.settings)
        self.assertEqual(read.accuracy(0.1), rows.accuracy(0.1))
        self.assertEqual(read["count"].tolist(), rows["count"].tolist())
        self.assertEqual(rows.settings["model"], f"{__name__}.constant")
        checked = ballast.audit(self.log)
        self.assertEqual(checked["findings"], [])

    def test_a_broken_off_run_goes_on_with_its_seed(self):
        whole = self.certify(seed=5)
        lines = self.log.read_text().splitlines(keepends=True)
        self.log.write_text("".join(lines[:4]))
        calls = []
        self.same(whole, self.certify(lambda batch: calls.append(len(batch)) or constant(batch)))
        self.assertEqual(sum(calls), 3 * 110)
        self.assertEqual(self.log.read_text().count("\n"), 7)
        with self.assertRaisesRegex(ValueError, "alpha"):
            self.certify(alpha=0.01)

    def test_a_model_writes_what_the_program_writes(self):
        images = inputs.images(3)
        rows = ballast.certify(inputs.NETWORK, images, [0, 1, 2], sigma=0.25, n0=10, n=100, log=self.log)
        self.assertEqual(rows.settings["model_sha256"], ballast.Model(inputs.NETWORK).sha256)
        np.savez(self.folder / "data.npz", images=images, labels=np.array([0, 1, 2]))
        checked = ballast.audit(self.log)
        self.assertTrue(checked)

    def test_rows_are_saved_as_the_log_that_they_would_have_been(self):
        for images, labels in ((inputs.images(6), [0] * 6), (inputs.images(2), [0, 3])):
            rows = ballast.certify(constant, images, labels, sigma=0.25, n0=10, n=100, num_classes=10, radii=[0, 0.25], seed=5, first=7)
            saved = self.folder / f"saved{len(labels)}.tsv"
            pickle.loads(pickle.dumps(rows)).save(saved)
            if len(labels) == 6:
                self.certify(images=images, seed=5, first=7, radii=[0, 0.25])
                self.same(ballast.read_log(saved), ballast.read_log(self.log))
                self.assertEqual(ballast.read_manifest(saved), ballast.read_manifest(self.log))
            self.assertEqual(ballast.audit(saved)["findings"], [])
            with self.assertRaisesRegex(ValueError, "there already"):
                rows.save(saved)
        with self.assertRaisesRegex(ValueError, "save"):
            ballast.read_log(self.log).save(self.folder / "other.tsv")
        with self.assertRaisesRegex(ValueError, "save"):
            ballast.certify(constant, inputs.images(1), sigma=0.25, n0=10, n=100, num_classes=10).save(self.folder / "other.tsv")
        self.assertFalse((self.folder / "other.tsv").exists())

    def test_labels_are_needed(self):
        with self.assertRaisesRegex(ValueError, "log: .* labels"):
            ballast.certify(constant, inputs.images(1), sigma=0.25, num_classes=10, log=self.log)

    def test_commands_are_functions(self):
        self.certify()
        again = ballast.recertify(self.log, self.folder / "again.tsv", alpha=0.01)
        self.assertEqual(again.settings["alpha"], 0.01)
        page = ballast.report([self.log, self.folder / "again.tsv"], self.folder / "report", radii=[0, 0.1])
        self.assertIn("<html", page.read_text())
        with self.assertRaisesRegex(ValueError, "no/such"):
            ballast.report("no/such.tsv", self.folder / "other")
        with self.assertRaisesRegex(ValueError, "colour"):
            ballast.report(self.log, self.folder / "other", colour="blue")

    def test_votes_in_a_log_are_for_all_classes(self):
        self.assertEqual([len(votes) for votes in self.certify()["counts"]], [11] * 6)

    def test_shards_are_merged(self):
        images = inputs.images(4)
        np.savez(self.folder / "data.npz", images=images, labels=np.zeros(4, np.int64))
        parts = []
        for part in (1, 2):
            parts.append(self.folder / f"{part}.tsv")
            words = ["certify", inputs.NETWORK, self.folder / "data.npz", parts[-1], "--sigma", 0.25, "--n", 100, "--n0", 10, "--seed", 1]
            subprocess.run([sys.executable, "-m", "ballast", *map(str, words), "--shard", f"{part}/2", "--quiet"], check=True)
        merged = ballast.merge(parts, self.folder / "merged.tsv")
        self.assertEqual(merged["idx"].tolist(), [0, 1, 2, 3])
        self.same(merged, ballast.certify(inputs.NETWORK, images, [0] * 4, sigma=0.25, n=100, n0=10, seed=1), but=("radius", "p_lower", "selection", "counts"))

    def test_the_program_is_run_as_a_module(self):
        shown = subprocess.run([sys.executable, "-m", "ballast", "--version"], capture_output=True, text=True, check=True)
        self.assertEqual(shown.stdout.strip(), ballast.__version__)


class Parts(WithLog):
    """Images that come batch by batch."""

    def batches(self, count=6, size=4):
        images = inputs.images(count)
        return [(images[at : at + size], np.zeros(len(images[at : at + size]), np.int64)) for at in range(0, count, size)]

    def stream(self, batches, function=constant, **arguments):
        given = {"sigma": 0.25, "n0": 10, "n": 100, "num_classes": 10, "check": False, "seed": 3}
        return ballast.certify(function, batches, **{**given, **arguments})

    def test_are_the_same_images(self):
        whole = self.certify(seed=3, log=None, first=5)
        one_by_one = [(image, 0) for image in inputs.images(6)]

        class DataSet:
            def __len__(self):
                return len(one_by_one)

            def __getitem__(self, index):
                return one_by_one[index % len(one_by_one)]  # without an end, as some are

        for given in (self.batches(), iter(self.batches(size=1)), one_by_one, DataSet()):
            self.same(whole, self.stream(given, first=5))
        self.assertEqual(self.stream(self.batches()).settings["seed"], 3)

    def test_a_model_takes_them(self):
        images = inputs.images(5)
        whole = ballast.certify(inputs.NETWORK, images, [0] * 5, sigma=0.25, n0=10, n=100, seed=3)
        self.same(whole, self.stream(self.batches(5), inputs.NETWORK))

    def test_go_into_one_log_that_goes_on(self):
        whole = self.stream(self.batches(), log=self.log)
        self.assertEqual(ballast.read_log(self.log)["idx"].tolist(), list(range(6)))
        with self.assertRaisesRegex(ValueError, "not fixed beforehand"):
            whole.bounds()
        self.assertEqual(ballast.audit(self.log)["findings"], [])
        lines = self.log.read_text().splitlines(keepends=True)
        self.log.write_text("".join(lines[:6]))
        calls = []
        again = self.stream(self.batches(), lambda batch: calls.append(len(batch)) or constant(batch), log=self.log, seed=None)
        self.same(whole, again)
        self.assertEqual(sum(calls), 110)
        others = [(images, labels + 1) for images, labels in self.batches()]
        with self.assertRaisesRegex(ValueError, "made with other images"):
            self.stream(others, log=self.log)

    def test_pillows_images_are_taken(self):
        try:
            from PIL import Image
        except ImportError:
            self.skipTest("there is no Pillow")
        shown = inputs.images(1)[0, 0]
        self.same(self.stream([(Image.fromarray(shown), 0)]), self.stream([(shown[None], 0)]))
        colours = np.stack([shown, 255 - shown, shown // 2], -1)
        self.same(self.stream([(Image.fromarray(colours), 0)]), self.stream([(colours.transpose(2, 0, 1), 0)]))

    def test_what_is_no_pair_is_named(self):
        for given, word in (([1, 2], "images"), (iter([5]), "part 0"), ([(np.zeros((2, 1, 4, 4)), [0])], "part 0"), (iter([]), "none")):
            with self.assertRaisesRegex(ValueError, word):
                self.stream(given)
        with self.assertRaisesRegex(ValueError, "labels: come with"):
            self.stream(self.batches(), labels=[0])


class BatchSize(unittest.TestCase):
    def test_auto_takes_what_is_fast_and_says_it(self):
        sizes = []

        def slow_to_start(batch):
            sizes.append(len(batch))
            time.sleep(0.004 + len(batch) * 2e-5)
            return constant(batch)

        rows = ballast.certify(slow_to_start, inputs.images(1), sigma=0.25, n=10_000, num_classes=10, check=False, batch_size="auto")
        chosen = rows.settings["batch_size"]
        self.assertGreaterEqual(chosen, 512)
        self.assertEqual(max(sizes[-3:]), chosen)
        self.assertEqual(ballast.certify(constant, inputs.images(1), sigma=0.25, n=100, num_classes=10, batch_size=np.int64(50)).settings["batch_size"], 50)
        with self.assertRaisesRegex(ValueError, "batch_size = 'most'"):
            ballast.certify(constant, inputs.images(1), sigma=0.25, num_classes=10, batch_size="most")

    def test_memory_that_ends_ends_the_search(self):
        def small(batch):
            if len(batch) > 64:
                raise RuntimeError("CUDA out of memory")
            time.sleep(0.001)
            return constant(batch)

        rows = ballast.certify(small, inputs.images(1), sigma=0.25, n=1000, num_classes=10, check=False, batch_size="auto")
        self.assertLessEqual(rows.settings["batch_size"], 64)


class Progress(unittest.TestCase):
    def test_every_image_is_counted(self):
        import contextlib
        import io

        told = io.StringIO()
        with contextlib.redirect_stderr(told):
            ballast.certify(constant, inputs.images(3), sigma=0.25, n=100, num_classes=10, check=False, progress=True)
        self.assertIn("3/3", told.getvalue())
        told = io.StringIO()
        with contextlib.redirect_stderr(told):
            ballast.certify(constant, inputs.images(3), sigma=0.25, n=100, num_classes=10, check=False)
        self.assertEqual(told.getvalue(), "")


if __name__ == "__main__":
    unittest.main()
