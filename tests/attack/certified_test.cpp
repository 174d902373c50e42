// SPDX-License-Identifier: Apache-2.0
//
// Logs of certificates as targets, attacked rows in logs, and what refutes a certificate.

#include "ballast/attack/certified.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "attack_fixtures.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/data/memory_dataset.hpp"

namespace ballast::attack::certified_test {
namespace {

constexpr ImageShape grey{1, 8, 8};

// A log and its manifest, gone afterwards.
struct LogFile {
  std::filesystem::path file = std::filesystem::temp_directory_path() / ("ballast_attack_test_" + std::to_string(getpid()) + "_log.tsv");

  explicit LogFile(const std::string& text) { std::ofstream(file) << text; }
  ~LogFile() {
    std::filesystem::remove(file);
    std::filesystem::remove(log::manifest_path(file));
  }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  void describe(const procedure::Settings& settings) const {
    log::Manifest manifest;
    log::add_to(manifest, settings);
    log::write_manifest(manifest, log::manifest_path(file));
  }
};

constexpr const char* plain_log =
    "idx\tlabel\tpredict\tradius\tcorrect\ttime\n"
    "0\t1\t1\t0.5\t1\t0:00:01\n"
    "1\t2\t-1\t0.0\t0\t0:00:01\n"
    "2\t0\t1\t0.25\t0\t0:00:01\n"
    "4\t0\t0\t0.0\t1\t0:00:01\n";

data::Example example(Label label) { return {grey_image(grey, 100), label}; }

TEST(Certificates, AreTheRowsThatCertify) {
  const LogFile log(plain_log);
  const Certificates found = certificates_from(log.file);
  ASSERT_EQ(found.by_index.size(), 2u);
  EXPECT_EQ(found.by_index.at(0).radius, 0.5);
  EXPECT_EQ(found.by_index.at(2).predicted, 1);
  EXPECT_EQ(found.by_index.at(2).label, 0);
  EXPECT_FALSE(found.manifest);
  EXPECT_EQ(certified_among({0, 1, 2, 3, 4}, found), (std::vector<std::size_t>{0, 2}));
  EXPECT_THROW(certified_among({1, 3}, found), InputError);
}

TEST(Certificates, AreAttackedAtTheirClassAndAShareOfTheirRadius) {
  const LogFile log(plain_log);
  const TargetOf target = targets_of(certificates_from(log.file), 0.5);
  EXPECT_EQ(target(example(0), 2).label, 1);  // not the image's own label: the certificate speaks of class 1
  EXPECT_EQ(target(example(0), 2).radius, 0.125);
  EXPECT_THROW(target(example(1), 2), InputError);  // another image than the log's
}

TEST(Certificates, AreReadWithWhatTheManifestSays) {
  const LogFile log(plain_log);
  procedure::Settings settings;
  settings.scale = 0.25;
  log.describe(settings);
  EXPECT_EQ(certificates_from(log.file).settings->scale, 0.25);
}

TEST(Certificates, ThatCannotBeAttackedAreRefused) {
  EXPECT_THROW(certificates_from(LogFile("idx\tlabel\tpredict\tcorrect\ttime\n0\t1\t1\t1\t0:00:01\n").file), InputError);
  EXPECT_THROW(certificates_from(LogFile("idx\tlabel\tpredict\tradius\tcorrect\ttime\n0\t1\t-1\t0.0\t0\t0:00:01\n").file), InputError);
  const LogFile log(plain_log);
  procedure::Settings l1;
  l1.noise = NoiseKind::uniform;
  l1.scale = 0.5;
  log.describe(l1);
  EXPECT_THROW(certificates_from(log.file), InputError);
  procedure::Settings illustration;
  illustration.scale = 0.25;
  illustration.illustration = true;
  log.describe(illustration);
  EXPECT_THROW(certificates_from(log.file), InputError);
}

TEST(Certificates, OfAnotherModelOrOtherImagesAreRefused) {
  log::Manifest there;
  there.add("model_sha256", "a");
  there.add("data_sha256", "b");
  there.add("engine", "onednn");
  log::Manifest same = there, other_model = there, other_engine = there, unknown = there;
  other_model.entries[0].json = "\"c\"";
  other_engine.entries[2].json = "\"aten\"";
  unknown.entries[1].name = "other";
  EXPECT_NO_THROW(require_same_subject(there, same, "log"));
  EXPECT_NO_THROW(require_same_subject(there, other_engine, "log"));  // a certificate holds however the votes were computed
  EXPECT_THROW(require_same_subject(there, other_model, "log"), InputError);
  EXPECT_THROW(require_same_subject(unknown, there, "log"), InputError);
}

TEST(Refutations, AreSuccessesWithinTheCertifiedRadius) {
  std::vector<log::Record> rows(3);
  rows[1].success = true;
  rows[1].index = 7;
  ASSERT_EQ(refutations(rows, 0.999).size(), 1u);
  EXPECT_EQ(refutations(rows, 0.999)[0].index, 7u);
  EXPECT_TRUE(refutations(rows, 1).empty());
  EXPECT_TRUE(refutations(rows, 1.5).empty());
}

TEST(AttackRow, ComesBackAsItWas) {
  log::Record row;
  row.index = 3, row.label = 2, row.predict = 1, row.attacked = 2, row.budget = 0.1, row.distance = 0.30000000000000004;
  row.success = true, row.samples = 10, row.count = 7, row.counts = {3, 7, 0}, row.runner_up = 0, row.runner_up_count = 3;
  const std::string line = log::to_line(row, log::Kind::attack);
  EXPECT_EQ(log::header_line(log::Kind::attack),
            "idx\tlabel\tpredict\tdistance\tsuccess\tcorrect\ttime\tattacked\tbudget\tn\tcount\trunner_up\trunner_up_count\tcounts");
  EXPECT_EQ(line, "3\t2\t1\t0.30000000000000004\t1\t0\t0:00:00.000000\t2\t0.1\t10\t7\t0\t3\t0:3,1:7");
  const log::Columns columns = log::parse_header(log::header_line(log::Kind::attack));
  EXPECT_EQ(columns.kind, log::Kind::attack);
  const log::Record read = log::parse_line(line, columns);
  EXPECT_EQ(log::to_line(read, log::Kind::attack), line);
  EXPECT_EQ(read.distance, row.distance);
  EXPECT_EQ(read.attacked, 2);
  EXPECT_THROW(log::parse_line("3\t2\t1\t-1\t1\t0\t0:00:00\t2\t0.1\t10\t7\t0\t3\t0:3,1:7", columns), InputError);
  EXPECT_THROW(log::parse_line("3\t2\t1\t0.1\t2\t0\t0:00:00\t2\t0.1\t10\t7\t0\t3\t0:3,1:7", columns), InputError);
}

// A half-space at distance 0.5 from each image, and a log that certifies more than that.
TEST(Procedure, RefutesACertificateThatIsTooLargeAndNoTrueOne) {
  const std::vector<double> w(grey.size(), 1.0);
  const double b = -(64 * 100.0 / 255 + 0.5 * 8);
  const graph::Graph graph = half_space(w, b, grey);
  const auto classifier = classifier_of(graph, grey);
  const noise::NoisyWriter noise(NoiseKind::grid, 0.25, classifier->affine());
  const Attacker attacker(graph, *classifier, {}, Noise{NoiseKind::grid, 0.25}, {.copies = 50});
  smooth::ThreadPool pool(*classifier, 2);
  const Judge judge{&noise, {.alpha = 1e-6}};
  std::vector<std::size_t> kept;
  const auto row_at = [&](double radius) {
    Certificates certificates;
    certificates.by_index[5] = {1, 0, radius};
    const auto keep = [&](const Perturbed& moved, std::size_t index) {
      EXPECT_TRUE(moved.image.is_8bit());
      kept.push_back(index);
    };
    return procedure_of({&attacker}, judge, targets_of(certificates, 0.999), 3, keep)(pool, example(1), 5);
  };
  const log::Record wrong = row_at(0.7), right = row_at(0.48);
  EXPECT_TRUE(wrong.success);
  EXPECT_EQ(wrong.predict, 1);
  EXPECT_LE(wrong.distance, wrong.budget);
  EXPECT_EQ(wrong.budget, 0.999 * 0.7);
  EXPECT_EQ(wrong.samples, 10'000u);
  EXPECT_FALSE(right.success);
  EXPECT_EQ(right.predict, 0);
  EXPECT_EQ(right.attacked, 0);
  EXPECT_EQ(kept, (std::vector<std::size_t>{5, 5}));
}

TEST(Procedure, AnAbstentionIsNoSuccess) {
  const std::vector<double> w(grey.size(), 1.0);
  const graph::Graph graph = half_space(w, -64 * 100.0 / 255, grey);  // the image lies on the boundary
  const auto classifier = classifier_of(graph, grey);
  const noise::NoisyWriter noise(NoiseKind::gaussian, 0.25, classifier->affine());
  const Attacker attacker(graph, *classifier, {}, Noise{NoiseKind::gaussian, 0.25}, {.steps = 1, .copies = 1});
  smooth::ThreadPool pool(*classifier, 1);
  const auto target = [](const data::Example&, std::size_t) { return Target{0, 1e-5}; };
  const auto row = procedure_of({&attacker}, {&noise, {.alpha = 1e-6}}, target, 3, {})(pool, example(0), 0);
  EXPECT_FALSE(row.predict);
  EXPECT_FALSE(row.success);
}

TEST(Procedure, JudgesOnDrawsOfItsOwn) {
  EXPECT_NE(judging_seed(3), 3u);
  EXPECT_NE(judging_seed(3), judging_seed(4));
}

}  // namespace
}  // namespace ballast::attack::certified_test
