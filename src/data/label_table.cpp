// SPDX-License-Identifier: Apache-2.0

#include "label_table.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string_view>
#include <unordered_set>

#include "ballast/core/errors.hpp"
#include "bytes.hpp"
#include "text.hpp"

namespace ballast::data {

namespace {

constexpr std::uintmax_t largest_table = std::uintmax_t{1} << 28;
constexpr std::size_t most_columns = 1000;
constexpr std::size_t most_rows = 10'000'000;

constexpr std::array<std::string_view, 10> file_columns{"file",     "filename",   "file_name", "path", "image",
                                                        "filepath", "image_path", "image_id",  "id",   "imageid"};
constexpr std::array<std::string_view, 8> class_columns{"label",      "class",  "classid",  "class_id",
                                                        "class_name", "target", "category", "wnid"};

struct Columns {
  std::size_t file = 0;
  std::size_t label = 1;
  std::size_t count = 2;
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// The first column with one of the names, as the header writes it; fields.size() where there is none.
template <std::size_t N>
std::size_t position(const std::vector<std::string>& fields, const std::array<std::string_view, N>& names) {
  const auto is_one = [&](const std::string& field) { return std::find(names.begin(), names.end(), lower(field)) != names.end(); };
  return static_cast<std::size_t>(std::find_if(fields.begin(), fields.end(), is_one) - fields.begin());
}

// The columns that a header names; nothing if the line is no header.
std::optional<Columns> header_columns(const std::vector<std::string>& fields, const std::string& place) {
  const std::size_t file = position(fields, file_columns), label = position(fields, class_columns);
  if (file == fields.size()) return {};
  require(label < fields.size(), place + ": the header has no column `label` or `class`");
  return Columns{file, label, fields.size()};
}

bool stays_inside(const std::filesystem::path& file) {
  return !file.empty() && file.is_relative() && std::find(file.begin(), file.end(), "..") == file.end() &&
         file.string().find('\0') == std::string::npos;
}

// 0: the line is a class alone.
char separator_of(std::string_view line, TableForm form) {
  if (form == TableForm::tabs) return '\t';
  for (const char separator : {'\t', ';', ',', ' '}) {
    if (line.find(separator) != std::string_view::npos) return separator;
  }
  return 0;
}

std::string name_of(char separator) {
  switch (separator) {
    case '\t': return "tabs";
    case ' ': return "white space";
    default: return std::string("`") + separator + "`";
  }
}

class TableReader {
 public:
  TableReader(const std::filesystem::path& file, TableForm form) : form_(form) { table_.path = file; }

  void add(std::string_view line, std::size_t number) {
    const std::string place = table_.path.string() + ", line " + std::to_string(number);
    if (first_) begin(line);
    std::vector<std::string> fields = fields_of(line, place);
    if (first_ && table_.has_files) {
      first_ = false;
      if (const auto named = header_columns(fields, place)) {
        columns_ = *named;
        return;
      }
    }
    first_ = false;
    add_row(fields, number, place);
  }

  LabelTable take() && {
    require(!table_.rows.empty(), table_.path.string() + ": lists no files; lines `file<TAB>label` are needed");
    return std::move(table_);
  }

 private:
  void begin(std::string_view line) {
    separator_ = separator_of(line, form_);
    table_.has_files = separator_ != 0;
    if (!table_.has_files) columns_ = {0, 0, 1};
  }

  std::vector<std::string> fields_of(std::string_view line, const std::string& place) const {
    if (separator_ == 0) return {std::string(line)};
    if (separator_ == ' ') return words_of(line, most_columns);
    require(static_cast<std::size_t>(std::count(line.begin(), line.end(), separator_)) < most_columns,
            place + ": has more than " + std::to_string(most_columns) + " columns");
    return separator_ == '\t' ? split(line, separator_) : split_quoted(line, separator_, place);
  }

  void add_row(const std::vector<std::string>& fields, std::size_t number, const std::string& place) {
    require(fields.size() == columns_.count, place + ": has " + std::to_string(fields.size()) + " columns" +
                                                 (separator_ == 0 ? "" : " separated by " + name_of(separator_)) + "; " +
                                                 std::to_string(columns_.count) + " are needed");
    require(table_.rows.size() < most_rows, place + ": has more than " + std::to_string(most_rows) + " rows");
    LabelRow row{table_.has_files ? fields[columns_.file] : "", fields[columns_.label], number};
    require(!row.class_text.empty(), place + ": has no class");
    if (table_.has_files) {
      require(stays_inside(row.file), place + ": the file is not a path inside the folder");
      require(seen_.insert(row.file).second, place + ": lists a file for the second time");
    }
    table_.rows.push_back(std::move(row));
  }

  TableForm form_;
  LabelTable table_;
  Columns columns_;
  std::unordered_set<std::string> seen_;
  char separator_ = 0;
  bool first_ = true;
};

}  // namespace

LabelTable read_label_table(const std::filesystem::path& file, TableForm form) {
  const Bytes contents = read_file(file, largest_table);
  TableReader reader(file, form);
  for_each_line({reinterpret_cast<const char*>(contents.data()), contents.size()},
                [&](std::string_view line, std::size_t number) { reader.add(line, number); });
  return std::move(reader).take();
}

std::string place_of(const LabelTable& table, const LabelRow& row) { return table.path.string() + ", line " + std::to_string(row.line); }

}  // namespace ballast::data
