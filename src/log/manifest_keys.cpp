// SPDX-License-Identifier: Apache-2.0

#include "manifest_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>

#include "ballast/core/errors.hpp"

namespace ballast::log {
namespace {

using Json = nlohmann::json;

// What a value may be, and how that is said.
struct Values {
  bool (*holds)(const Json& value);
  const char* text;
};

bool is_finite(const Json& value) { return value.is_number() && std::isfinite(value.get<double>()); }

constexpr Values text{[](const Json& value) { return value.is_string(); }, "a text"};
constexpr Values number{is_finite, "a finite number"};
constexpr Values whole{[](const Json& value) { return value.is_number_unsigned(); }, "a whole number from 0 on, below 2^64"};
constexpr Values count{[](const Json& value) { return value.is_number_unsigned() && value != 0; }, "a whole number from 1 on, below 2^64"};
constexpr Values positive{[](const Json& value) { return is_finite(value) && value.get<double>() > 0; }, "a number above 0"};
constexpr Values probability{[](const Json& value) { return is_finite(value) && value.get<double>() > 0 && value.get<double>() < 1; },
                             "a number between 0 and 1 (not included)"};
constexpr Values share{[](const Json& value) { return is_finite(value) && value.get<double>() >= 0 && value.get<double>() < 1; },
                       "a number from 0 on, below 1"};
constexpr Values error{[](const Json& value) { return is_finite(value) && value.get<double>() >= 0 && value.get<double>() < 0.5; },
                       "a number from 0 on, below 1/2"};
constexpr Values numbers{[](const Json& value) { return value.is_array() && std::all_of(value.begin(), value.end(), is_finite); },
                         "a list of numbers"};
constexpr Values digest{[](const Json& value) {
                          return value.is_string() && value.get_ref<const std::string&>().size() == 64 &&
                                 value.get_ref<const std::string&>().find_first_not_of("0123456789abcdef") == std::string::npos;
                        },
                        "a SHA-256 of 64 hexadecimal digits"};
constexpr Values norm{[](const Json& value) { return value == "l2" || value == "l1"; }, "\"l2\" or \"l1\""};
constexpr Values named_split{[](const Json& value) { return value == "test" || value == "train"; }, "\"test\" or \"train\""};
constexpr Values labels{[](const Json& value) { return value == "fine" || value == "coarse"; }, "\"fine\" or \"coarse\""};
constexpr Values label_order{[](const Json& value) { return value == "sorted" || value == "ilsvrc"; }, "\"sorted\" or \"ilsvrc\""};
constexpr Values colours{[](const Json& value) { return value == "stored" || value == "gray"; }, "\"stored\" or \"gray\""};
constexpr Values orientation{[](const Json& value) { return value == "stored" || value == "exif"; }, "\"stored\" or \"exif\""};
constexpr Values selection{[](const Json& value) { return value == "split" || value == "none"; }, "\"split\" or \"none\""};

struct Known {
  std::string_view name;  // with a # for a number
  Role role;
  Values values;
  std::string_view otherwise;
};

constexpr Known known[] = {
    // who made it
    {"ballast", Role::tells, text, ""},
    {"command", Role::tells, text, ""},
    // how rows are concluded
    {"method", Role::decides, text, ""},
    {"sigma", Role::decides, positive, ""},
    {"lambda", Role::decides, positive, ""},
    {"alpha", Role::decides, probability, ""},
    {"family_wise", Role::decides, count, "1"},
    {"bound", Role::decides, text, "\"cohen\""},
    {"selection", Role::decides, selection, "\"split\""},
    {"target", Role::decides, text, ""},
    {"n0", Role::decides, whole, ""},
    {"n", Role::decides, count, ""},
    {"radii", Role::decides, numbers, ""},
    {"tolerance", Role::decides, probability, ""},
    {"pilot", Role::decides, count, ""},
    {"gain", Role::decides, probability, ""},
    {"futility", Role::decides, share, ""},
    {"look_step", Role::decides, count, ""},
    {"noise", Role::decides, text, ""},
    {"norm", Role::decides, norm, "\"l2\""},
    {"noise_error", Role::decides, error, "0.0"},
    // what recertify changed
    {"illustration", Role::decides, text, ""},
    {"recertified_from", Role::decides, digest, ""},
    {"draw_seed", Role::decides, whole, ""},
    {"drawn_from_n", Role::decides, count, ""},
    // verify
    {"verifier", Role::decides, text, ""},
    {"models", Role::decides, count, "1"},
    {"cascade", Role::decides, text, ""},
    {"radius", Role::decides, positive, ""},
    {"most", Role::decides, positive, ""},
    // attack
    {"factor", Role::decides, positive, ""},
    {"objective", Role::decides, text, ""},
    {"rate", Role::decides, positive, ""},
    {"steps", Role::decides, whole, ""},
    {"copies", Role::decides, count, ""},
    {"against", Role::tells, text, ""},
    {"against_sha256", Role::decides, digest, ""},
    // the model
    {"model", Role::tells, text, ""},
    {"model_sha256", Role::decides, digest, ""},
    {"model_sha256_of", Role::tells, text, ""},
    {"model_#", Role::tells, text, ""},
    {"model_#_sha256", Role::decides, digest, ""},
    {"model_version", Role::tells, text, ""},
    {"model_command", Role::tells, text, ""},
    {"model_recipe", Role::tells, text, ""},
    {"model_sigma", Role::tells, text, ""},
    {"model_seed", Role::tells, text, ""},
    {"model_data_sha256", Role::tells, text, ""},
    {"model_composed", Role::tells, text, ""},
    {"model_input", Role::decides, text, ""},
    {"model_output", Role::decides, text, ""},
    {"model_threshold", Role::decides, text, ""},
    {"model_quantisation", Role::tells, text, ""},
    {"model_preprocessing", Role::tells, text, ""},
    {"class_names", Role::tells, text, ""},
    {"label_map", Role::decides, text, ""},
    {"input_scale_#", Role::decides, number, ""},
    {"input_offset_#", Role::decides, number, ""},
    {"engine", Role::decides, text, ""},
    {"precision", Role::decides, text, ""},
    {"instruction_set", Role::decides, text, ""},
    // the images
    {"data", Role::tells, text, ""},
    {"data_sha256", Role::decides, digest, ""},
    {"split", Role::decides, named_split, ""},
    {"labels", Role::decides, labels, "\"fine\""},
    {"labels_file", Role::tells, text, ""},
    {"label_order", Role::tells, label_order, ""},
    {"resize", Role::tells, text, ""},
    {"crop", Role::tells, whole, ""},
    {"synsets", Role::tells, text, ""},
    {"colours", Role::decides, colours, "\"stored\""},
    {"orientation", Role::decides, orientation, "\"stored\""},
    {"images", Role::decides, count, ""},
    {"shard", Role::place, text, ""},
    {"start", Role::place, whole, ""},
    {"skip", Role::place, count, ""},
    {"rows", Role::tells, count, ""},
    {"first_plan", Role::tells, count, ""},
    {"seed", Role::decides, whole, ""},
};

// The name with # for each of its words that is a number.
std::string without_numbers(std::string_view name) {
  std::string result;
  while (true) {
    const std::string_view word = name.substr(0, name.find('_'));
    const bool is_number = !word.empty() && word.find_first_not_of("0123456789") == std::string_view::npos;
    result += is_number ? "#" : word;
    if (word.size() == name.size()) return result;
    result += '_';
    name.remove_prefix(word.size() + 1);
  }
}

const Known* find(std::string_view name) {
  const auto named = [](std::string_view wanted) { return [wanted](const Known& key) { return key.name == wanted; }; };
  const auto* found = std::find_if(std::begin(known), std::end(known), named(name));
  if (found == std::end(known)) found = std::find_if(std::begin(known), std::end(known), named(without_numbers(name)));
  return found == std::end(known) ? nullptr : found;
}

}  // namespace

Key key_of(std::string_view name) {
  const Known* key = find(name);
  return key ? Key{key->role, key->otherwise, key->values.text} : Key{};
}

std::vector<std::string_view> key_names() {
  std::vector<std::string_view> names;
  for (const Known& key : known) names.push_back(key.name);
  return names;
}

Role role_of(std::string_view name) { return key_of(name).role; }

void check_entry(const std::string& name, const std::string& json) {
  const Known* key = find(name);
  if (!key) return;
  const Json value = Json::parse(json, nullptr, false);
  require(!value.is_discarded() && key->values.holds(value),
          fmt::format("the manifest's {} is {}; {} is needed", name, json, key->values.text));
}

}  // namespace ballast::log
