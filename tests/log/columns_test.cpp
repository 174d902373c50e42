// SPDX-License-Identifier: Apache-2.0
//
// Every column of every log: where it stands, and that it comes back.

#include "ballast/log/columns.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "ballast/core/errors.hpp"
#include "log_fixtures.hpp"

namespace ballast::log::columns_test {
namespace {

const std::map<Kind, std::string> headers{
    {Kind::certify, "idx\tlabel\tpredict\tradius\tcorrect\ttime\tp_lower\tn\tcount\trunner_up\trunner_up_count\tselection\tcounts"},
    {Kind::staged, "idx\tlabel\tpredict\tradius\tcorrect\ttime\tp_lower\tn\tcount\trunner_up\trunner_up_count\tselection\tlooks\tcounts"},
    {Kind::predict, "idx\tlabel\tpredict\tcorrect\ttime\tn\tcount\trunner_up\trunner_up_count\tcounts"},
    {Kind::verify, "idx\tlabel\tpredict\tradius\tcorrect\ttime"},
    {Kind::cascade, "idx\tlabel\tpredict\tradius\tcorrect\ttime\tcertified_by"},
    {Kind::attack,
     "idx\tlabel\tpredict\tdistance\tsuccess\tcorrect\ttime\tattacked\tbudget\tn\tcount\trunner_up\trunner_up_count\tcounts"}};

// No field is what it is where nothing is known; radius and p_lower have no more digits than are written.
Record full_record() {
  Record record;
  record.index = 123;
  record.label = 3;
  record.predict = 3;
  record.radius = 0.515625;
  record.correct = true;
  record.seconds = 3661.25;
  record.p_lower = 0.875;
  record.samples = 1000;
  record.count = 900;
  record.runner_up = 1;
  record.runner_up_count = 60;
  record.selection = {0, 5, 0, 90, 5};
  record.counts = {1, 60, 0, 900, 39};
  record.looks = {{500, 40}, {1000, 100}};
  record.certified_by = 2;
  record.attacked = 4;
  record.budget = 0.1;
  record.distance = 1.0 / 3;
  record.success = true;
  return record;
}

// The class "nan" has the most votes beside those of the class tested.
Record nan_record() {
  Record record = full_record();
  record.counts = {1, 39, 0, 900, 60};
  record.runner_up = 4;
  return record;
}

// Beside the least of everything, too.
std::vector<Record> records() {
  Record abstains = nan_record();
  abstains.predict.reset();
  abstains.radius = 0;
  abstains.p_lower = 0;
  abstains.correct = abstains.success = false;
  abstains.looks.clear();
  abstains.selection = {0};
  abstains.certified_by = 0;
  abstains.budget = abstains.distance = 0;
  Record largest = full_record();
  largest.index = largest.samples = largest.count = std::numeric_limits<std::uint64_t>::max();
  largest.counts = {0, 60, 0, std::numeric_limits<std::uint64_t>::max(), 0};
  largest.label = *largest.predict = largest.attacked = std::numeric_limits<Label>::max();
  largest.certified_by = std::numeric_limits<std::uint32_t>::max();
  largest.radius = largest.budget = largest.distance = 1e300;
  largest.seconds = 0.000001;
  return {full_record(), nan_record(), abstains, largest};
}

using Names = std::vector<std::string>;

Names names_of(Kind kind) {
  Names names;
  for (const Column* column : columns_of(kind)) names.emplace_back(column->name);
  return names;
}

std::string cell_of(const Record& record, const std::string& name) { return column_named(name)->text(record); }

// The record by a log whose header is in this order.
Record read_back(const Record& record, const Names& names) {
  std::string header, line;
  for (const std::string& name : names) {
    header += (header.empty() ? "" : "\t") + name;
    line += (line.empty() ? "" : "\t") + cell_of(record, name);
  }
  return parse_line(line, parse_header(header));
}

TEST(Columns, OfEachKindAreItsHeader) {
  for (const auto& [kind, header] : headers) {
    EXPECT_EQ(header_line(kind), header);
    const Columns parsed = parse_header(header);
    EXPECT_EQ(parsed.names, names_of(kind));
    EXPECT_EQ(parsed.kind, kind == Kind::verify ? Kind::certify : kind);  // of verify only the manifest tells
  }
}

TEST(Columns, AreFoundByTheirNamesAndEachIsOfALog) {
  std::set<std::string_view> names;
  for (const Column& column : all_columns()) {
    EXPECT_TRUE(names.insert(column.name).second) << column.name << " is there twice";
    EXPECT_EQ(column_named(column.name), &column);
    const bool is_of_any = std::any_of(headers.begin(), headers.end(), [&](const auto& entry) { return column.is_of(entry.first); });
    EXPECT_TRUE(is_of_any) << column.name;
    for (const auto& [kind, header] : headers) {
      const Names columns = names_of(kind);
      EXPECT_EQ(column.is_of(kind), std::count(columns.begin(), columns.end(), column.name) == 1) << column.name;
    }
  }
  for (const char* name : {"", "id", "Idx", "idx ", "image"}) EXPECT_EQ(column_named(name), nullptr) << name;
}

// In our order, in the other, and turned by every number of places: with counts before runner_up, and before selection.
TEST(Columns, GiveTheSameTextAgainInWhateverOrderTheyAreRead) {
  for (const Record& record : records()) {
    for (const auto& [kind, header] : headers) {
      Names names = names_of(kind);
      std::vector<Names> orders{names, {names.rbegin(), names.rend()}};
      for (std::size_t i = 1; i < names.size(); ++i) {
        std::rotate(names.begin(), names.begin() + 1, names.end());
        orders.push_back(names);
      }
      for (const Names& order : orders) {
        const Record again = read_back(record, order);
        EXPECT_EQ(to_line(again, kind), to_line(record, kind)) << testing::PrintToString(order);
        for (const Column* column : columns_of(kind)) {
          EXPECT_EQ(column->text(again), column->text(record)) << column->name << " in " << testing::PrintToString(order);
          EXPECT_EQ(column->value(again), column->value(record)) << column->name << " in " << testing::PrintToString(order);
        }
      }
    }
  }
}

TEST(Columns, OfTheClassNanSayNan) {
  EXPECT_EQ(cell_of(nan_record(), "runner_up"), "nan");
  EXPECT_EQ(cell_of(full_record(), "runner_up"), "1");
  EXPECT_EQ(cell_of(nan_record(), "counts"), "0:1,1:39,3:900,nan:60");
  EXPECT_EQ(column_named("runner_up")->value(nan_record()), Cell(std::int64_t{-1}));
  const Names counts_first{"idx", "label", "predict", "correct", "counts", "runner_up", "runner_up_count"},
      counts_last{"idx", "label", "predict", "correct", "runner_up", "selection", "counts", "runner_up_count"};
  for (const Names& names : {counts_first, counts_last}) EXPECT_EQ(read_back(nan_record(), names).runner_up, 4);
}

// A field that no column has is lost on disk.
TEST(Columns, HoldEveryFieldOfARecord) {
  Names names;
  for (const Column& column : all_columns()) names.emplace_back(column.name);
  for (const Record& record : {full_record(), nan_record()}) {
    const Record again = read_back(record, names), blank;
    std::vector<std::string> fields, others, blanks;
    for_each_field(record, [&](const auto& field) { fields.push_back(testing::PrintToString(field)); });
    for_each_field(again, [&](const auto& field) { others.push_back(testing::PrintToString(field)); });
    for_each_field(blank, [&](const auto& field) { blanks.push_back(testing::PrintToString(field)); });
    EXPECT_EQ(others, fields);
    ASSERT_EQ(blanks.size(), fields.size());
    for (std::size_t i = 0; i < fields.size(); ++i) EXPECT_NE(fields[i], blanks[i]) << "field " << i << " is not set";
  }
}

TEST(Columns, RefuseWhatTheyCannotHoldByTheirName) {
  const std::map<std::string, std::vector<std::string>> refused{
      {"idx", {"", "-1", "1.5", "x", "18446744073709551616"}},
      {"label", {"", "x", "1.5", "2147483648"}},
      {"predict", {"", "-2", "x", "nan"}},
      {"radius", {"", "-0.5", "nan", "inf", "1e400", "1.7e308", "0.5 "}},
      {"distance", {"-1", "nan", "inf", "x"}},
      {"success", {"", "2", "true"}},
      {"correct", {"", "2", "true"}},
      {"time", {"", "noon", "1:2", "1:2:3:4"}},
      {"certified_by", {"", "-1", "4294967296"}},
      {"attacked", {"", "-1", "nan"}},
      {"budget", {"-1", "nan", "inf", "x"}},
      {"p_lower", {"", "nan", "inf", "x"}},
      {"n", {"", "-1", "1.5"}},
      {"count", {"", "-1", "1.5"}},
      {"runner_up", {"", "-2", "x", "NaN"}},
      {"runner_up_count", {"", "-1", "1.5"}},
      {"selection", {"", "3", "3:", ":3", "a:1", "3:-1", "65536:1", "99999999999:1", "3:1,3:2", "nan:1,nan:1"}},
      {"looks", {"", "8", "8:", ":0", "a:1", "8:-1"}},
      {"counts", {"", "3", "3:", ":3", "a:1", "3:-1", "65536:1", "99999999999:1", "3:18446744073709551615,3:310"}}};
  EXPECT_EQ(refused.size(), all_columns().size());
  for (const auto& [name, cells] : refused) {
    const Column* column = column_named(name);
    ASSERT_NE(column, nullptr) << name;
    for (const std::string& cell : cells) {
      Record record;
      try {
        column->read(record, cell, column->name);
        ADD_FAILURE() << name << " takes '" << cell << "'";
      } catch (const InputError& error) {
        EXPECT_NE(std::string(error.what()).find("column " + name), std::string::npos) << error.what();
      }
    }
  }
}

TEST(VotesText, NamesClassesAndTheLastEntryNan) {
  EXPECT_EQ(votes_text(Votes{3, 0, 97, 5}), "0:3,2:97,nan:5");
  EXPECT_EQ(votes_text(Votes{}), "-");
  EXPECT_EQ(votes_text(Votes{0, 0}), "-");
  EXPECT_EQ(class_text(4, 5), "nan");
  EXPECT_EQ(class_text(3, 5), "3");
  EXPECT_EQ(class_text(0, 0), "0");
}

}  // namespace
}  // namespace ballast::log::columns_test
