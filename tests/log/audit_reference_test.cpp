// SPDX-License-Identifier: Apache-2.0
//
// Logs of the reference implementation: radii alone, which only some numbers of votes give.

#include <gtest/gtest.h>

#include "audit_fixtures.hpp"
#include "ballast/core/errors.hpp"
#include "ballast/log/audit.hpp"

namespace ballast::log::audit_reference_test {
namespace {

struct ReferenceLog {
  explicit ReferenceLog(std::uint64_t samples = 1000, double alpha = 0.001, double sigma = 0.5) : n(samples), level(alpha), scale(sigma) {}

  double exact(std::uint64_t count) const { return stats::radius_below(scale, stats::upper_failure_bound({count, n}, level)); }

  void add(const std::string& radius, bool answers = true) {
    const std::string index = std::to_string(rows++);
    text += index + "\t3\t" + (answers ? "3" : "-1") + "\t" + radius + "\t" + (answers ? "1" : "0") + "\t0:00:15.25\n";
  }

  Audit audited(AuditOptions options = {}) const {
    const TemporaryFolder folder;
    std::ofstream(folder / "log.tsv") << "idx\tlabel\tpredict\tradius\tcorrect\ttime\n" << text;
    if (!options.sigma) options.sigma = scale;
    if (!options.samples) options.samples = n;
    if (!options.images) options.images = rows;
    return audit(folder / "log.tsv", options);
  }

  std::uint64_t n;
  double level, scale;
  std::uint64_t rows = 0;
  std::string text;
};

std::string three_digits(double radius, double (*rounded)(double)) {
  const int decimals = 2 - static_cast<int>(std::floor(std::log10(radius)));
  const double unit = std::pow(10, decimals);
  std::ostringstream text;
  text << std::fixed;
  text.precision(decimals);
  text << rounded(radius * unit) / unit;
  return text.str();
}

TEST(ReferenceAudit, FitsTheAlphaThatTheRadiiWereMadeWith) {
  for (const double alpha : {0.01, 0.001}) {
    for (double (*rounded)(double) : {static_cast<double (*)(double)>(std::round), static_cast<double (*)(double)>(std::floor)}) {
      ReferenceLog log(1000, alpha);
      for (std::uint64_t count = 600; count <= 1000; count += 4) log.add(three_digits(log.exact(count), rounded));
      log.add("0.0");
      for (const std::optional<double> stated : {std::optional<double>(), std::optional(alpha)}) {
        const Audit audited = log.audited({.alpha = stated});
        EXPECT_EQ(audited.fitting_alphas, std::vector<double>{alpha}) << texts(audited);
        for (const Finding& finding : audited.findings) EXPECT_TRUE(finding.kind == "rounding" || finding.kind == "tie") << texts(audited);
        if (rounded(0.6) == 0) EXPECT_TRUE(audited.findings.empty()) << texts(audited);
        else EXPECT_FALSE(audited.findings.empty());
      }
      const Audit wrong = log.audited({.alpha = 0.05});
      ASSERT_FALSE(wrong.findings.empty());
      EXPECT_EQ(places(wrong)[0], (Place{0, "alpha"}));
      EXPECT_NE(wrong.findings[0].text.find("alpha = 0.05 is stated and does not fit"), std::string::npos) << texts(wrong);
    }
  }
}

TEST(ReferenceAudit, TakesAnAlphaThatIsNotUsual) {
  ReferenceLog log(1000, 0.0123);
  for (std::uint64_t count = 600; count <= 1000; count += 4) log.add(three_digits(log.exact(count), std::floor));
  const Audit stated = log.audited({.alpha = 0.0123});
  EXPECT_EQ(stated.fitting_alphas, std::vector<double>{0.0123});
  EXPECT_TRUE(stated.findings.empty()) << texts(stated);
  EXPECT_EQ(places(log.audited()), (std::vector<Place>{{0, "alpha"}}));
}

TEST(ReferenceAudit, FindsOneRadiusThatNoCountGives) {
  ReferenceLog log;
  for (std::uint64_t count = 800; count <= 1000; count += 4) log.add(three_digits(log.exact(count), std::floor));
  EXPECT_TRUE(log.audited().findings.empty());
  log.add("1.21");  // between those of 999 and 1000 votes
  EXPECT_EQ(places(log.audited()), (std::vector<Place>{{0, "alpha"}}));
  log = ReferenceLog();
  log.add("1.24");
  const Audit above = log.audited({.alpha = 0.001});
  EXPECT_NE(texts(above).find("above the largest possible"), std::string::npos) << texts(above);
}

TEST(ReferenceAudit, CountsRadiiThatAreRoundedUp) {
  ReferenceLog log;
  std::size_t up = 0, first = 0;
  for (std::uint64_t count = 990; count <= 1000; ++count) {
    const std::string nearest = three_digits(log.exact(count), std::round);
    log.add(nearest);
    if (std::stod(nearest) <= log.exact(count)) continue;
    if (up++ == 0) first = log.rows + 1;
  }
  ASSERT_GT(up, 2u);
  const Audit audited = log.audited();
  EXPECT_EQ(places(audited), (std::vector<Place>{{first, "rounding"}})) << texts(audited);
  EXPECT_EQ(audited.findings[0].text.find(std::to_string(up) + " rows"), 0u) << audited.findings[0].text;
}

TEST(ReferenceAudit, FindsTiesWithATablesRadius) {
  ReferenceLog log(100'000);
  log.add("0.25");
  log.add("0.251");
  log.add("0.25");
  log.add("0.5");
  const Audit audited = log.audited();
  EXPECT_EQ(places(audited), (std::vector<Place>{{2, "tie"}, {5, "tie"}})) << texts(audited);
  EXPECT_NE(audited.findings[0].text.find("(2 rows)"), std::string::npos);
}

// Some print all digits that a double has; their last ones are not ours.
TEST(ReferenceAudit, AcceptsRadiiWithAllTheirDigits) {
  for (const double off : {1 - 1e-14, 1 + 1e-14}) {
    ReferenceLog log;
    for (std::uint64_t count = 700; count <= 1000; count += 7) {
      std::ostringstream text;
      text.precision(17);
      text << log.exact(count) * off;
      log.add(text.str());
    }
    const Audit audited = log.audited();
    EXPECT_EQ(audited.fitting_alphas, std::vector<double>{0.001});
    EXPECT_TRUE(audited.findings.empty()) << texts(audited);
  }
}

TEST(ReferenceAudit, FindsWhatIsWrongWithAnyRow) {
  const TemporaryFolder folder;
  std::ofstream(folder / "log_sigma_0.50.tsv") << "idx\tlabel\tpredict\tradius\tcorrect\ttime\n"
                                               << "0\t3\t3\t0.5\t0\t0:00:15\n"     // correct
                                               << "20\t3\t-1\t0.5\t0\t0:00:15\n"   // abstention
                                               << "40\t3\t4\t0.123\t1\t0:00:15\n"  // correct
                                               << "80\t3\t3\t0.123\t1\t0:00:15\n"  // missing before it
                                               << "80\t3\t3\t0.123\t1\t0:00:15\n"  // order
                                               << "60\t3\t3\t0.123\t1\t0:00:15\n"  // order
                                               << "100\t3\t-1\t0\t0\t0:00:15\n";
  const Audit audited = audit(folder / "log_sigma_0.50.tsv", {.images = 120});
  EXPECT_EQ(places(audited),
            (std::vector<Place>{{2, "correct"}, {2, "tie"}, {3, "abstention"}, {4, "correct"}, {5, "missing"}, {6, "order"}, {7, "order"}}))
      << texts(audited);
}

TEST(ReferenceAudit, SaysWhatItDoesNotKnow) {
  const TemporaryFolder folder;
  std::ofstream(folder / "log.tsv") << "idx\tlabel\tpredict\tradius\tcorrect\ttime\n0\t3\t3\t0.5\t1\t0:00:15\n";
  const Audit audited = audit(folder / "log.tsv", {});
  EXPECT_TRUE(audited.findings.empty()) << texts(audited);
  ASSERT_EQ(audited.notes.size(), 2u);
  EXPECT_NE(audited.notes[0].find("--images"), std::string::npos);
  EXPECT_NE(audited.notes[1].find("--sigma"), std::string::npos);
  EXPECT_EQ(places(audit(folder / "log.tsv", {.images = 10})), (std::vector<Place>{{0, "missing"}}));
  EXPECT_THROW(audit(folder / "log.tsv", {.sigma = 0.0, .images = 0}), InputError);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const double sigma : {0.0, -1.0, nan, std::numeric_limits<double>::infinity()}) {
    EXPECT_THROW(audit(folder / "log.tsv", {.sigma = sigma}), InputError) << sigma;
  }
  for (const double alpha : {0.0, 1.0, nan}) EXPECT_THROW(audit(folder / "log.tsv", {.sigma = 1, .alpha = alpha}), InputError) << alpha;
  for (const std::uint64_t n : {std::uint64_t{0}, std::uint64_t{1} << 60}) {
    EXPECT_THROW(audit(folder / "log.tsv", {.sigma = 1, .samples = n}), InputError) << n;
  }
}

TEST(ReferenceAudit, LooksAtOddRadiiWithoutFalling) {
  for (const char* radius : {"1e300", "1e-300", "5e-324", "1e-5", "123456789.123456789", "0.00000000000000000001"}) {
    ReferenceLog log;
    log.add(radius);
    EXPECT_EQ(log.audited().findings.empty(), false) << radius;
  }
}

class PublishedAudit : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(logs)) GTEST_SKIP() << "the shared folder with published logs is absent";
  }
  const std::filesystem::path logs = std::filesystem::path(BALLAST_SHARED) / "logs/certify";
};

TEST_F(PublishedAudit, SaysWhichAlphaFits) {
  EXPECT_EQ(audit(logs / "imagenet/train_1.00_sigma_1.00.tsv", {}).fitting_alphas, std::vector<double>{0.01});
  EXPECT_EQ(audit(logs / "cifar10/train_0.25_sigma_0.25.tsv", {}).fitting_alphas, std::vector<double>{0.01});
  for (const char* file : {"cifar10_full/train_0.25_sigma_0.25.tsv", "cifar10_full/train_0.50_sigma_0.50.tsv"}) {
    EXPECT_EQ(audit(logs / file, {}).fitting_alphas, std::vector<double>{0.001}) << file;
  }
}

TEST_F(PublishedAudit, FlagsAStatedAlphaThatDoesNotFit) {
  const Audit audited = audit(logs / "imagenet/train_1.00_sigma_1.00.tsv", {.alpha = 0.001});
  EXPECT_EQ(places(audited)[0], (Place{0, "alpha"}));
  EXPECT_NE(audited.findings[0].text.find("alpha = 0.01 fits"), std::string::npos) << audited.findings[0].text;
  for (const Finding& finding : audit(logs / "imagenet/train_1.00_sigma_1.00.tsv", {.alpha = 0.01}).findings)
    EXPECT_NE(finding.kind, "alpha");
}

TEST_F(PublishedAudit, FindsTheShortLogShortAndNoOther) {
  std::set<std::string> short_logs;
  for (const char* folder : {"imagenet", "cifar10"}) {
    for (const auto& entry : std::filesystem::directory_iterator(logs / folder)) {
      for (const Finding& finding : audit(entry.path(), {}).findings) {
        if (finding.kind == "missing") short_logs.insert(std::filesystem::relative(entry.path(), logs).string());
        EXPECT_TRUE(finding.kind == "missing" || finding.kind == "tie" || finding.kind == "rounding") << entry.path() << finding.text;
      }
    }
  }
  EXPECT_EQ(short_logs, std::set<std::string>{"imagenet/train_0.25_sigma_0.25.tsv"});
}

TEST_F(PublishedAudit, FindsAPublishedRowAltered) {
  const std::string text = text_of(logs / "cifar10_full/train_0.25_sigma_0.25.tsv");
  const TemporaryFolder folder;
  const auto found = [&](const std::string& altered) {
    std::ofstream(folder / "sigma_0.25.tsv", std::ios::binary) << altered;
    std::vector<Place> result = places(audit(folder / "sigma_0.25.tsv", {.images = 10'000}));
    std::erase_if(result, [](const Place& place) { return place.second == "tie" || place.second == "rounding"; });
    return result;
  };
  EXPECT_TRUE(found(text).empty());
  std::size_t start = 0;
  for (int line = 1; line < 1000; ++line) start = text.find('\n', start) + 1;
  const std::size_t end = text.find('\n', start) + 1;
  EXPECT_EQ(found(text.substr(0, start) + text.substr(end)), (std::vector<Place>{{1000, "missing"}}));
  EXPECT_EQ(found(text.substr(0, end) + text.substr(start)), (std::vector<Place>{{1001, "order"}}));
  EXPECT_EQ(found(text.substr(0, text.rfind('\n', text.size() - 2) + 1)), (std::vector<Place>{{0, "missing"}}));
}

}  // namespace
}  // namespace ballast::log::audit_reference_test
