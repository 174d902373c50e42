// SPDX-License-Identifier: Apache-2.0
//
// JSON from outside: bounded in depth and number of values, and read with one line for whatever is wrong.

#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ballast::protocol {

using Json = nlohmann::json;  // its objects are sorted, so that many names cost little

// Throws InputError unless the text is one JSON object, at most 16 deep, of at most so many values.
Json parse_object(std::string_view text, std::size_t most_values);

// The entry of an object, or null.
const Json* find(const Json& object, const char* name);

// The string of that name; "" where it is missing and not needed. where: begins the error line.
std::string text_entry(const Json& object, const char* name, bool needed, const std::string& where);

// The strings of the array of that name; none where it is missing.
std::vector<std::string> text_array(const Json& object, const char* name, const std::string& where);

// The array of that name; throws InputError where it is missing and needed. Null where it is missing and not.
const Json* array_entry(const Json& object, const char* name, bool needed, const std::string& where);

// The whole numbers of the array `shape`, each at least `smallest`.
std::vector<std::int64_t> shape_entry(const Json& object, std::int64_t smallest, const std::string& where);

// A name from outside, in quotes, cut short and without line breaks.
std::string in_quotes(std::string_view name);

}  // namespace ballast::protocol
