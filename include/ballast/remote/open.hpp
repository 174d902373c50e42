// SPDX-License-Identifier: Apache-2.0
//
// Classifiers that are asked: a command, over a pipe, or a server, over the network.

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ballast/model/classifier.hpp"

namespace ballast::remote {

// "exec:COMMAND", or "http://HOST[:PORT]/v2/models/NAME" (https too).
bool is_address(std::string_view model);

struct Options {
  ImageShape shape;                     // of the images
  std::optional<int> classes;           // exec: required; http: required unless the model's metadata says so
  double input_scale = 1;               // the model wants pixels of [0, input_scale]
  std::vector<double> mean, deviation;  // and then (x - mean) / deviation by channel; empty: as they are

  int batch = 32;             // images at a time
  double timeout = 60;        // seconds that a batch may take
  std::uint64_t budget = 0;   // images that may be sent in all; 0: any number
  int retries = 5;            // http: of a batch, where the server is busy or out of reach
  std::string token;          // http: shown as a bearer's; empty: none
  std::string input, output;  // http: names, where the model has several

  // Writes so many images that it is first asked for, through what is applied to each channel: noisy copies of an image at hand, by
  // noise that nobody knew beforehand. None: random images.
  std::function<void(const std::vector<ChannelAffine>& affine, const InputBuffer& buffer, int count)> write_first;
};

struct Opened {
  std::unique_ptr<model::Classifier> classifier;
  std::string description;  // of what is known about it: the command, or the server's metadata. Not of its weights.
};

// Asks it a first few images: all the same label for the same image the second time and in a smaller batch, or it is no function. Each
// session of the classifier is a process or a connection of its own. Nothing is made up for a reply that did not come or does not fit:
// classify() throws std::runtime_error, as does open() where the command or server is not there. Throws InputError for options that are not
// allowed and a model that does not fit the images.
Opened open(const std::string& address, const Options& options);

}  // namespace ballast::remote
