// SPDX-License-Identifier: Apache-2.0
//
// Lines and fields of text files.

#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ballast::data {

// A word of a file as a message may show it: its first 40 bytes, printable.
std::string word_shown(std::string_view text);

// Calls `use` for each line that is not empty, with its number from 1 on, without its end ("\n" or "\r\n") and without a byte order mark.
void for_each_line(std::string_view text, const std::function<void(std::string_view line, std::size_t number)>& use);

// The parts between separators.
std::vector<std::string> split(std::string_view line, char separator);

// As split, where a field may stand in quotes, a doubled quote standing for one. Throws InputError starting with `place` where one is not
// closed.
std::vector<std::string> split_quoted(std::string_view line, char separator, const std::string& place);

// The first words between white space, `most` at most.
std::vector<std::string> words_of(std::string_view line, std::size_t most);

}  // namespace ballast::data
