// SPDX-License-Identifier: Apache-2.0
//
// The self-test holds where all is well, and finds each fault that is put in its way.

#include "ballast/selftest/selftest.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "ballast/model/callback_classifier.hpp"
#include "ballast/model/open.hpp"
#include "ballast/noise/grid_table.hpp"
#include "ballast/stats/binomial.hpp"
#include "checks.hpp"

namespace ballast::selftest::selftest_test {
namespace {

constexpr Amount few{1'000, 1'000'000};

Findings all_of(const std::vector<Check>& checks) {
  Findings all;
  for (const Check& check : checks) {
    for (Finding& finding : check()) all.push_back(std::move(finding));
  }
  return all;
}

// The findings that fail, by the beginnings of their names.
std::vector<std::string> failures(const Findings& findings) {
  std::vector<std::string> names;
  for (const Finding& finding : findings) {
    if (finding.verdict == Finding::Verdict::fails) names.push_back(finding.what.substr(0, finding.what.find(", ")));
  }
  return names;
}

Subject subject_named(const std::string& name) {
  for (const Subject& subject : subjects()) {
    if (subject.name == name) return subject;
  }
  throw std::logic_error(name);
}

WriteFn writing(std::shared_ptr<const noise::NoisyWriter> writer) {
  return [writer](const Image& image, const noise::Stream& stream, std::uint32_t first, int count, const InputBuffer& buffer) {
    writer->write(image, stream, first, count, buffer);
  };
}

std::shared_ptr<const noise::NoisyWriter> writer_of(NoiseKind kind, double scale) {
  return std::make_shared<const noise::NoisyWriter>(kind, scale, std::vector<ChannelAffine>(3));
}

TEST(Chance, AllowsTheFewestSuccessesThatAreUnlikelyEnough) {
  for (const double p : {0.001, 0.05, 0.5}) {
    const std::uint64_t most = most_successes(1000, p);
    EXPECT_LE(stats::binomial_upper_tail(most + 1, 1000, p), level_of_a_test);
    EXPECT_GT(stats::binomial_upper_tail(most, 1000, p), level_of_a_test);
  }
  EXPECT_EQ(most_successes(10, 0.5), 10u);  // not even all are unlikely enough
}

TEST(Chance, IsJudgedOnBothSides) {
  EXPECT_FALSE(is_unlikely(500, 1000, 0.5, 0.5, 1e-12));
  EXPECT_TRUE(is_unlikely(640, 1000, 0.5, 0.5, 1e-12));
  EXPECT_TRUE(is_unlikely(360, 1000, 0.5, 0.5, 1e-12));
  EXPECT_FALSE(is_unlikely(640, 1000, 0.5, 0.6, 1e-12));
  EXPECT_TRUE(is_unlikely(1, 1000, 0, 0, 1e-12));
  EXPECT_FALSE(is_unlikely(0, 1000, 0, 0, 1e-12));
}

TEST(Truth, IsTheTablesOwnProbability) {
  for (const NoiseLaw law : {NoiseLaw::gaussian, NoiseLaw::uniform, NoiseLaw::laplace}) {
    const noise::GridTable table({law, 0.25});
    for (std::size_t i = 0; i < table.thresholds().size(); ++i) {
      const double below = std::ldexp(static_cast<double>(table.thresholds()[i]), -64),
                   x = (table.smallest() + static_cast<double>(i) + 0.5) / 255;
      ASSERT_NEAR(upper_tail({law, 0.25}, -x), below, 1e-14) << x;
    }
  }
}

TEST(SelfTest, HoldsInQuickModeWithADeclaredFalseAlarm) {
  const Report report = run({.quick = true});
  for (const Finding& finding : report.findings)
    EXPECT_NE(finding.verdict, Finding::Verdict::fails) << finding.what << ": " << finding.found;
  EXPECT_TRUE(report.holds());
  EXPECT_LE(report.false_alarm(), 1e-9);
  for (const char* group : {"certificates", "noise", "bits", "engine"}) {
    EXPECT_TRUE(std::any_of(report.findings.begin(), report.findings.end(), [&](const Finding& f) { return f.group == group; })) << group;
  }
}

TEST(SelfTest, IsTheSameForAnyNumberOfThreads) {
  const auto subject = subject_named("grid noise, image inside");
  const auto once = all_of(certificate_checks({subject}, {200, 0}, 5)), again = all_of(certificate_checks({subject}, {200, 0}, 5));
  ASSERT_EQ(once.size(), again.size());
  for (std::size_t i = 0; i < once.size(); ++i) EXPECT_EQ(once[i].found, again[i].found);
}

// A classifier that lies about its truth: its border is farther away than it says, so that radii are certified that are too large for
// what it says, by every procedure.
TEST(Fault, OfAClassifierWhoseBorderIsNearerIsFoundInEveryProcedure) {
  for (const char* name : {"grid noise, image inside", "gaussian noise, oblique plane", "laplace-grid noise, image inside"}) {
    Subject subject = subject_named(name);
    subject.radius *= 0.7;
    EXPECT_EQ(
        failures(all_of(certificate_checks({subject}, few, 1))),
        (std::vector<std::string>{"CERTIFY", "CERTIFY --selection none", "CERTIFY --radii", "CERTIFY --tolerance", "CERTIFY --anytime"}))
        << name;
  }
  for (const char* name : {"grid noise, two half-planes", "gaussian noise, two half-planes"}) {
    Subject subject = subject_named(name);
    subject.radius *= 0.8;
    EXPECT_EQ(failures(all_of(certificate_checks({subject}, few, 1))), std::vector<std::string>{"CERTIFY --bound pb"}) << name;
  }
}

// Its answers are not as likely as the law of the noise says.
TEST(Fault, OfNoiseThatIsTooSmallIsFoundInTheVotes) {
  Subject subject = subject_named("grid noise, image inside");
  subject.scale *= 0.95;
  EXPECT_EQ(failures(all_of(certificate_checks({subject}, few, 1))), std::vector<std::string>{"votes"});
}

// An image outside, whose class seems to be the answer.
TEST(Fault, OfAWrongAnswerIsFoundByPredict) {
  Subject subject = subject_named("uniform-grid noise, image just outside");
  subject.classifier = model::classifier_from(
      [](std::span<const float> images, std::span<Label> labels) {
        for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = images[i] > 0.45f ? 1 : 0;
      },
      {1, 1, 1}, 2);
  const auto failing = failures(all_of(certificate_checks({subject}, few, 1)));
  EXPECT_NE(std::find(failing.begin(), failing.end(), "PREDICT"), failing.end());
}

TEST(Fault, OfAProcedureThatOnlyAbstainsIsFound) {
  Subject subject = subject_named("grid noise, image inside");
  subject.classifier = model::classifier_from(
      [](std::span<const float>, std::span<Label> labels) { std::fill(labels.begin(), labels.end(), 2); }, {1, 1, 1}, 2);
  EXPECT_EQ(failures(all_of(certificate_checks({subject}, {100, 0}, 1))).size(), 6u);
}

TEST(Fault, OfADeviationThatIsTwoPercentTooLargeIsFoundInTheLevels) {
  for (const NoiseKind kind : {NoiseKind::grid, NoiseKind::gaussian, NoiseKind::uniform_grid, NoiseKind::laplace}) {
    const auto findings = check_levels(kind, 0.25, writing(writer_of(kind, 0.25 * 1.02)), few.noise_values, 3);
    EXPECT_EQ(findings.front().verdict, Finding::Verdict::fails) << traits(kind).name;
    EXPECT_EQ(check_levels(kind, 0.25, writing(writer_of(kind, 0.25)), few.noise_values, 3).front().verdict, Finding::Verdict::holds);
  }
}

TEST(Fault, OfSamplesThatAreReusedIsFoundInThePairs) {
  const auto writer = writer_of(NoiseKind::grid, 0.25);
  const auto findings = check_levels(
      NoiseKind::grid, 0.25,
      [&](const Image& image, const noise::Stream& stream, std::uint32_t first, int count, const InputBuffer& buffer) {
        for (int i = 0; i < count; ++i)
          writer->write(image, stream, (first + static_cast<std::uint32_t>(i)) / 2, 1, from_place(buffer, static_cast<std::size_t>(i)));
      },
      few.noise_values, 3);
  EXPECT_EQ(findings[2].verdict, Finding::Verdict::fails) << findings[2].found;
}

TEST(Fault, OfASeedThatIsDroppedIsFoundInTheBits) {
  for (const NoiseKind kind : {NoiseKind::grid, NoiseKind::uniform, NoiseKind::split}) {
    const auto writer = std::make_shared<const noise::NoisyWriter>(kind, kind == NoiseKind::split ? 64 * 80 / 510.0 : 0.25,
                                                                   std::vector<ChannelAffine>{{4, -2}, {1, 0}, {3.7, -0.3}});
    const auto findings =
        check_bits(kind, [&](const Image& image, noise::Stream stream, std::uint32_t first, int count, const InputBuffer& buffer) {
          stream.seed = 0;
          writer->write(image, stream, first, count, buffer);
        });
    EXPECT_EQ(findings.front().verdict, Finding::Verdict::fails) << traits(kind).name;
  }
}

// Scores of another session, changed.
class Changed : public model::Classifier {
 public:
  using Change = std::function<void(std::span<float> scores, std::size_t classes)>;
  explicit Changed(Change change)
      : own_(model::classifier_from(small_network(), {.precision = model::Precision::fp32})), change_(std::move(change)) {}

  ImageShape image_shape() const override { return own_->image_shape(); }
  int classes() const override { return own_->classes(); }
  std::vector<ChannelAffine> affine() const override { return own_->affine(); }
  std::string engine() const override { return own_->engine(); }
  std::string precision() const override { return own_->precision(); }
  std::string instruction_set() const override { return own_->instruction_set(); }
  std::unique_ptr<model::Session> new_session() const override { return std::make_unique<Session>(*this); }

 private:
  struct Session : model::Session {
    explicit Session(const Changed& owner) : owner_(owner), own_(owner.own_->new_session()) {}
    int micro_batch() const override { return own_->micro_batch(); }
    InputBuffer input() override { return own_->input(); }
    void classify(std::span<Label> labels) override { own_->classify(labels); }
    std::span<const float> scores(int count) override {
      const auto plain = own_->scores(count);
      scores_.assign(plain.begin(), plain.end());
      owner_.change_(scores_, static_cast<std::size_t>(owner_.classes()));
      return scores_;
    }
    const Changed& owner_;
    std::unique_ptr<model::Session> own_;
    std::vector<float> scores_;
  };

  std::unique_ptr<model::Classifier> own_;
  Change change_;
};

std::vector<bool> engine_failures(Changed::Change change) {
  const Changed classifier(std::move(change));
  std::vector<bool> failing;
  for (const Finding& finding : check_engine("changed", classifier, 1e-4)) failing.push_back(finding.verdict == Finding::Verdict::fails);
  return failing;
}

TEST(Fault, OfAnEngineIsFoundInItsScores) {
  EXPECT_EQ(engine_failures([](std::span<float>, std::size_t) {}), (std::vector<bool>{false, false}));
  EXPECT_EQ(engine_failures([](std::span<float> scores, std::size_t) {
              for (float& score : scores) score *= 1.001f;
            }),
            (std::vector<bool>{true, false}));
  // The last bit of an image's score, by its place; and by its neighbour.
  EXPECT_EQ(engine_failures([](std::span<float> scores, std::size_t classes) {
              if (scores.size() > 5 * classes) scores[5 * classes] = std::nextafter(scores[5 * classes], 0.0f);
            }),
            (std::vector<bool>{false, true}));
  EXPECT_EQ(engine_failures([](std::span<float> scores, std::size_t classes) {
              if (scores.size() > classes && !(std::abs(scores[classes]) < 1e6f)) scores[0] = std::nextafter(scores[0], 0.0f);
            }),
            (std::vector<bool>{false, true}));
}

}  // namespace
}  // namespace ballast::selftest::selftest_test
