// SPDX-License-Identifier: Apache-2.0
//
// Every reader of bytes from outside, each behind one function: what libFuzzer feeds and what the kept inputs are given to.

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/data/open.hpp"

namespace ballast::fuzz {

using Bytes = std::span<const std::uint8_t>;

// An input is read or refused in one line; whatever else the function throws or does is a finding.
struct Reader {
  std::string_view name;
  std::size_t longest;  // bytes of an input that are worth trying
  void (*read)(Bytes input);
};
std::span<const Reader> readers();

// True if it was read, false if it was refused with an error of this kind.
template <class Error = InputError, class Read>
bool is_read(const Read& read) {
  try {
    read();
    return true;
  } catch (const Error& error) {
    if (std::string_view(error.what()).find('\n') != std::string_view::npos)
      throw std::logic_error(std::string("an error of several lines: ") + error.what());
    return false;
  }
}

// Everything in a data set.
bool is_dataset_read(const std::filesystem::path& path, const data::OpenOptions& options);

// A network up to where engines take it over.
bool is_graph_read(std::span<const char> bytes);

void read_idx(Bytes), read_cifar(Bytes), read_image(Bytes), read_npy(Bytes), read_mat(Bytes), read_labels(Bytes);
void read_onnx(Bytes), read_model_folder(Bytes);
void read_log(Bytes), read_manifest(Bytes);
void read_request(Bytes), read_http(Bytes), read_reply(Bytes), read_answer(Bytes);
void read_command_line(Bytes);

}  // namespace ballast::fuzz
