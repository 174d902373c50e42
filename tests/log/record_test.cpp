// SPDX-License-Identifier: Apache-2.0

#include "ballast/log/record.hpp"

#include <gtest/gtest.h>

#include "ballast/core/errors.hpp"
#include "log_fixtures.hpp"

namespace ballast::log::record_test {
namespace {

TEST(Row, IsWrittenAsDocumented) {
  EXPECT_EQ(header_line(Kind::certify),
            "idx\tlabel\tpredict\tradius\tcorrect\ttime\tp_lower\tn\tcount\trunner_up\trunner_up_count\tselection\tcounts");
  EXPECT_EQ(header_line(Kind::predict), "idx\tlabel\tpredict\tcorrect\ttime\tn\tcount\trunner_up\trunner_up_count\tcounts");
  EXPECT_EQ(to_line(row(7), Kind::certify),
            "7\t3\t3\t0.864197\t1\t1:01:01.250000\t0.999077038669\t10000\t9990\t1\t7\t3:100\t0:1,1:7,3:9990,nan:2");
  EXPECT_EQ(to_line(row(3), Kind::predict), "3\t3\t-1\t0\t1:01:01.250000\t10000\t9990\t1\t7\t0:1,1:7,3:9990,nan:2");
}

TEST(Row, ComesBackAsItWas) {
  for (const Kind kind : {Kind::certify, Kind::predict}) {
    for (const std::uint64_t index : {0, 1, 2, 3, 500}) {
      const Record before = row(index), after = parse_line(to_line(before, kind), parse_header(header_line(kind)));
      EXPECT_EQ(after.index, before.index);
      EXPECT_EQ(after.predict, before.predict);
      EXPECT_EQ(after.correct, before.correct);
      EXPECT_EQ(after.seconds, before.seconds);
      EXPECT_EQ(after.counts, before.counts);
      EXPECT_EQ(after.count, before.count);
      if (kind == Kind::predict) continue;
      EXPECT_LE(after.radius, before.radius);
      EXPECT_NEAR(after.radius, before.radius, 1e-6);
      EXPECT_LE(*after.p_lower, *before.p_lower);
      EXPECT_EQ(after.selection.back(), 0u);
    }
  }
}

TEST(Row, NeverShowsMoreThanWasProved) {
  Record record = row(1);
  record.radius = 0.9999999;
  record.p_lower = 0.99999999999999;
  const Record read = parse_line(to_line(record, Kind::certify), parse_header(header_line(Kind::certify)));
  EXPECT_EQ(read.radius, 0.999999);
  EXPECT_EQ(read.p_lower, 0.999999999999);
}

TEST(Row, OfTheReferenceImplementationIsRead) {
  const Columns columns = parse_header("idx\tlabel\tpredict\tradius\tcorrect\ttime");
  const Record record = parse_line("20\t7\t7\t0.953\t1\t0:00:15.292130", columns);
  EXPECT_EQ(record.predict, 7);
  EXPECT_EQ(record.radius, 0.953);
  EXPECT_NEAR(record.seconds, 15.29213, 1e-9);
  EXPECT_FALSE(parse_line("20\t7\t-1\t0.0\t0\t1 day, 0:00:01", columns).predict);
  EXPECT_EQ(parse_line("20\t7\t-1\t0.0\t0\t1 day, 0:00:01", columns).seconds, 86401);
  EXPECT_EQ(parse_line("20\t7\t-1\t0.0\t0\t15.4", columns).seconds, 15.4);
  EXPECT_EQ(parse_header("idx\tlabel\tpredict\tcorrect\ttime").kind, Kind::predict);
}

TEST(Row, ThatIsWrongIsRefused) {
  const Columns columns = parse_header("idx\tlabel\tpredict\tradius\tcorrect\ttime");
  for (const char* line : {"", "1\t2\t2\t0.5\t1", "x\t2\t2\t0.5\t1\t0:00:01", "1\t2\t2\tnan\t1\t0:00:01", "1\t2\t2\tinf\t1\t0:00:01",
                           "1\t2\t2\t-0.5\t1\t0:00:01", "1\t2\t-2\t0.5\t1\t0:00:01", "1\t2\t2\t0.5\t2\t0:00:01", "1\t2\t2\t0.5\t1\tnoon",
                           "1\t2\t2\t0.5 \t1\t0:00:01", "-1\t2\t2\t0.5\t1\t0:00:01"}) {
    EXPECT_THROW(parse_line(line, columns), InputError) << line;
  }
  EXPECT_THROW(parse_header("<html>"), InputError);
  EXPECT_THROW(parse_header(""), InputError);
  const Columns ours = parse_header(header_line(Kind::predict));
  for (const char* votes : {"3", "3:", ":3", "99999999999:1", "3:-1", "a:1"}) {
    EXPECT_THROW(parse_line(std::string("1\t2\t2\t1\t0:00:01\t5\t5\t0\t0\t") + votes, ours), InputError) << votes;
  }
}

}  // namespace
}  // namespace ballast::log::record_test
