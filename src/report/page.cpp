// SPDX-License-Identifier: Apache-2.0

#include "ballast/report/page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "ballast/core/errors.hpp"
#include "ballast/log/columns.hpp"
#include "ballast/report/accuracy.hpp"
#include "ballast/report/bounds.hpp"
#include "ballast/report/images.hpp"
#include "ballast/report/table.hpp"
#include "ballast/report/tested.hpp"
#include "page_template.hpp"

namespace ballast::report {
namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr int data_version = 1;
constexpr int bound_points = 64;  // of a bound's curve

OrderedJson or_null(const std::optional<double>& value) { return value ? OrderedJson(*value) : OrderedJson(nullptr); }

// So many digits are enough to look at.
double shortened(double value, double unit) { return std::round(value / unit) * unit; }

// "" for none.
std::string votes_of(const log::Record& row) {
  const std::string text = log::votes_text(row.counts);
  return text == "-" ? "" : text;
}

template <typename Function>
OrderedJson column(std::span<const log::Record> rows, Function&& value) {
  OrderedJson values = OrderedJson::array();
  for (const log::Record& row : rows) values.push_back(value(row));
  return values;
}

bool has_column(const Source& source, const char* name) {
  const auto& names = source.log.columns.names;
  return std::find(names.begin(), names.end(), name) != names.end();
}

template <typename Function>
OrderedJson column_if(const Source& source, const char* name, Function&& value) {
  return has_column(source, name) ? column(source.log.rows, value) : OrderedJson(nullptr);
}

OrderedJson rows_of(const Source& source) {
  const std::span<const log::Record> rows = source.log.rows;
  return {{"idx", column(rows, [](const auto& row) { return row.index; })},
          {"label", column(rows, [](const auto& row) { return row.label; })},
          {"predict", column(rows, [](const auto& row) { return row.predict.value_or(-1); })},
          {"radius", column(rows, [](const auto& row) { return row.radius; })},
          {"correct", column(rows, [](const auto& row) { return int{row.correct}; })},
          {"samples", column_if(source, "n", [](const auto& row) { return row.samples; })},
          {"seconds", column_if(source, "time", [](const auto& row) { return shortened(row.seconds, 1e-4); })},
          {"p_lower", column_if(source, "p_lower", [](const auto& row) { return std::floor(row.p_lower.value_or(0) * 1e8) / 1e8; })},
          {"counts", column_if(source, "counts", [](const auto& row) { return votes_of(row); })}};
}

// The table's radii and an even grid between them.
std::vector<double> bound_radii(const Source& source, std::span<const double> table) {
  double largest = 0;
  for (const log::Record& row : source.log.rows) largest = std::max(largest, row.radius);
  std::set<double> radii(table.begin(), table.end());
  for (int i = 0; i <= bound_points; ++i) radii.insert(shortened(largest * i / bound_points, 1e-6));
  return {radii.begin(), radii.end()};
}

OrderedJson bounds_of(const Source& source, const PageContent& content) {
  const auto confidence = confidence_of(source, content.alpha, content.rho);
  if (!confidence || source.is_predict()) return nullptr;
  const auto radii = bound_radii(source, content.radii);
  OrderedJson result{{"radius", radii},
                     {"appendix_d", OrderedJson::array()},
                     {"inverted", OrderedJson::array()},
                     {"uniform", OrderedJson::array()},
                     {"population", OrderedJson::array()}};
  for (const double radius : radii) {
    const AccuracyBounds bounds = accuracy_bounds(source, radius, *confidence);
    result["appendix_d"].push_back(bounds.appendix_d);
    result["inverted"].push_back(bounds.inverted);
    result["uniform"].push_back(bounds.uniform);
    result["population"].push_back(bounds.population);
  }
  return result;
}

OrderedJson mean_of(std::span<const log::Record> rows, double (*value)(const log::Record&)) {
  double sum = 0;
  for (const log::Record& row : rows) sum += value(row);
  return sum / static_cast<double>(rows.size());
}

OrderedJson manifest_of(const Source& source) {
  if (!source.manifest) return nullptr;
  OrderedJson result = OrderedJson::object();
  for (const auto& entry : source.manifest->entries) result[entry.name] = OrderedJson::parse(entry.json);
  return result;
}

OrderedJson text_or_null(const std::string& text) { return text.empty() ? OrderedJson(nullptr) : OrderedJson(text); }

// What the log is of, and how far it says anything.
void add_subject(OrderedJson& result, const Source& source, std::size_t group) {
  const auto& settings = source.settings;
  const auto tested = tested_radii(source);
  const auto* verification = settings ? std::get_if<procedure::Verification>(&settings->method) : nullptr;
  result["data"] = text_or_null(data_text(source));
  result["images"] = images_text(source);
  result["image_group"] = group;
  result["model"] = text_or_null(model_text(source));
  result["verifier"] = verification ? OrderedJson(verification->verifier) : OrderedJson(nullptr);
  result["radii_are_named"] = tested.has_value();
  result["radii_tested"] = tested ? OrderedJson(*tested) : OrderedJson(nullptr);
  result["most_tested"] = verification ? or_null(verification->most) : OrderedJson(nullptr);
  result["provable_radius"] = settings && !source.is_predict() ? or_null(largest_radius(source)) : OrderedJson(nullptr);
}

OrderedJson gold_of(const Source& source, const PageContent& content) {
  if (!source.is_predict() || !content.gold) return nullptr;
  const GoldRates rates = gold_rates(source, *content.gold);
  return {{"correct_accurate", rates.correct_accurate},
          {"correct_inaccurate", rates.correct_inaccurate},
          {"wrong_accurate", rates.wrong_accurate},
          {"wrong_inaccurate", rates.wrong_inaccurate},
          {"abstained", rates.abstained}};
}

OrderedJson log_of(const Source& source, const std::string& name, std::size_t group, bool is_pictured, const PageContent& content) {
  const std::span<const log::Record> rows = source.log.rows;
  const auto& settings = source.settings;
  const auto* fixed = settings ? std::get_if<procedure::FixedSamples>(&settings->method) : nullptr;
  const auto alpha = alpha_of(source, content.alpha);
  const bool verified = settings && procedure::is<procedure::Verification>(*settings);  // no noise, no samples
  const std::string scale = verified ? "" : scale_text(source);
  OrderedJson result;
  result["name"] = name;
  result["kind"] = source.is_predict() ? "predict" : source.log.columns.kind == log::Kind::staged ? "staged" : "certify";
  const std::string stands = standing(source);
  result["description"] = (settings ? description(*settings) : scale) + (stands.empty() ? "" : "; " + stands);
  result["scale_name"] = scale.empty() ? OrderedJson(nullptr) : OrderedJson(scale.substr(0, scale.find(' ')));
  result["scale"] = scale.empty() ? OrderedJson(nullptr) : or_null(scale_of(source));
  result["noise"] = settings && settings->noise ? OrderedJson(traits(*settings->noise).name) : OrderedJson(nullptr);
  result["norm"] = std::string(norm_of(source));
  result["bound"] = fixed ? OrderedJson(stats::to_string(fixed->bound)) : OrderedJson(nullptr);
  result["method"] = settings ? OrderedJson(procedure::name_of(settings->method)) : OrderedJson(nullptr);
  result["alpha"] = or_null(alpha);
  result["n"] = settings && !verified ? OrderedJson(procedure::samples_of(*settings)) : OrderedJson(nullptr);
  result["illustration"] = settings && settings->illustration;
  result["training"] = nullptr;
  result["manifest"] = manifest_of(source);
  const auto* command = source.manifest ? source.manifest->find("command") : nullptr;
  result["command"] = command ? OrderedJson::parse(command->json) : OrderedJson(nullptr);
  add_subject(result, source, group);
  result["pictured"] = is_pictured;
  result["samples_per_image"] = has_column(source, "n")
                                    ? mean_of(rows, [](const log::Record& row) { return static_cast<double>(row.samples); })
                                    : OrderedJson(nullptr);
  result["seconds_per_image"] =
      has_column(source, "time") ? mean_of(rows, [](const log::Record& row) { return row.seconds; }) : OrderedJson(nullptr);
  result["mean_radius"] = source.is_predict() ? OrderedJson(nullptr) : OrderedJson(average_certified_radius(rows));
  result["mean_radius_bounds"] = nullptr;
  if (const auto confidence = confidence_of(source, content.alpha, content.rho); confidence && !source.is_predict()) {
    const RadiusBounds bounds = radius_bounds(source, *confidence);
    result["mean_radius_bounds"] = {{"test_set", bounds.test_set}, {"population", bounds.population}};
  }
  const PredictRates rates = predict_rates(rows);
  result["predict_rates"] = source.is_predict()
                                ? OrderedJson{{"correct", rates.correct}, {"wrong", rates.wrong}, {"abstained", rates.abstained}}
                                : OrderedJson(nullptr);
  result["gold_rates"] = gold_of(source, content);
  result["bounds"] = bounds_of(source, content);
  result["rows"] = rows_of(source);
  const auto names = source.manifest ? source.manifest->text("class_names") : std::nullopt;
  result["class_names"] = names ? OrderedJson::parse(*names, nullptr, false) : OrderedJson(nullptr);
  const OrderedJson& listed = result["class_names"];
  const bool are_names =
      listed.is_array() && std::all_of(listed.begin(), listed.end(), [](const OrderedJson& entry) { return entry.is_string(); });
  if (!are_names) result["class_names"] = nullptr;
  return result;
}

std::string base64(const std::string& bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t word = 0;
    for (std::size_t k = 0; k < 3; ++k) word = word << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k) text += k > bytes.size() - i ? '=' : digits[word >> (18 - 6 * k) & 63];
  }
  return text;
}

OrderedJson pictures_of(const PageContent& content) {
  if (content.pictures.empty()) return nullptr;
  const auto link = [](const std::string& png) { return "data:image/png;base64," + base64(png); };
  OrderedJson result = OrderedJson::object();
  for (const auto& [index, pictures] : content.pictures) {
    OrderedJson noisy = OrderedJson::object();
    for (const auto& [level, pngs] : pictures.noisy) {
      for (const std::string& png : pngs) noisy[level].push_back(link(png));
    }
    result[std::to_string(index)] = {
        {"channels", pictures.channels}, {"clean", link(pictures.clean)}, {"noisy", noisy}, {"attacked", nullptr}};
    if (!pictures.attacked.empty())
      result[std::to_string(index)]["attacked"] = {{"picture", link(pictures.attacked)}, {"distance", pictures.distance}};
  }
  return result;
}

// Neither ends a script element nor a line of script.
std::string safe_in_script(const std::string& json) {
  std::string text;
  text.reserve(json.size());
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json[i] == '<') text += "\\u003c";
    else if (json.compare(i, 3, "\u2028") == 0) text += "\\u2028", i += 2;
    else if (json.compare(i, 3, "\u2029") == 0) text += "\\u2029", i += 2;
    else text += json[i];
  }
  return text;
}

}  // namespace

std::string page_data(std::span<const Source> sources, const PageContent& content) {
  OrderedJson data{{"version", data_version},
                   {"ballast", content.version},
                   {"title", content.title},
                   {"table_radii", content.radii},
                   {"rho", content.rho}};
  data["gold"] = content.gold ? OrderedJson(names_of({content.gold, 1}).front()) : OrderedJson(nullptr);
  const auto names = names_of(sources);
  const auto groups = image_groups(sources);
  data["logs"] = OrderedJson::array();
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const bool is_pictured = !content.pictures.empty() && (content.pictured.empty() || content.pictured[i]);
    data["logs"].push_back(log_of(sources[i], names[i], groups[i], is_pictured, content));
  }
  data["images"] = pictures_of(content);
  return safe_in_script(data.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
}

std::string page(std::span<const Source> sources, const PageContent& content) {
  constexpr std::string_view mark = "__BALLAST_DATA__";
  std::string text(page_template);
  const auto place = text.find(mark);
  require(place != std::string::npos, "the report's template has no place for its data");
  return text.replace(place, mark.size(), page_data(sources, content));
}

}  // namespace ballast::report
