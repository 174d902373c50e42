// SPDX-License-Identifier: Apache-2.0
//
// Options that several subcommands share, and what they stand for.

#pragma once

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ballast/data/open.hpp"
#include "ballast/graph/onnx.hpp"
#include "ballast/log/manifest.hpp"
#include "ballast/model/folder.hpp"
#include "ballast/model/open.hpp"
#include "ballast/noise/noisy_writer.hpp"
#include "ballast/procedure/request.hpp"
#include "ballast/remote/open.hpp"
#include "ballast/run/run.hpp"

namespace ballast::cli {

// What an ONNX file may take beyond its size (graph::OnnxOptions::limit), in GiB.
inline constexpr double default_model_limit_gib = static_cast<double>(graph::default_model_limit) / (1 << 30);
void add_model_limit_to(CLI::App& command, double& gib);
std::int64_t bytes_of_limit(double gib);

void add_input_shape_to(CLI::App& command, std::string& shape);

// Of "3x224x224"; {} of nothing.
ImageShape shape_from(const std::string& text);

struct DataArguments;

struct ModelArguments {
  std::string file;
  std::string engine = "onednn", device = "cpu", precision = "auto", layout = "auto";
  double input_scale = 1;
  std::vector<double> mean, deviation;
  std::string output, input_shape;
  std::optional<double> threshold;
  std::string class_names_file;
  int micro_batch = 0, device_batch = 0;
  int threads = 0;
  double limit_gib = default_model_limit_gib;

  bool may_lack_graph = false;  // the file may be TorchScript, which is run and not read

  // Of a classifier that is asked over a pipe or the network.
  bool may_be_remote = false;
  remote::Options asked;
  std::string token_file;

  // name: of the argument or option that names the file.
  void add_to(CLI::App& command, const std::string& name = "MODEL", bool required = true);
  // Then the file may also be exec:COMMAND or http://..., which has no graph.
  void add_remote_to(CLI::App& command, const std::string& name = "MODEL");
  // Of an image, as a network takes it.
  struct InputSizes {
    std::int64_t channels, height, width;
  };
  // The model, read once: graph, classifier and digest are of the same bytes.
  struct Opened {
    graph::Graph graph;
    std::string sha256;
    std::unique_ptr<model::Classifier> classifier;
    std::vector<std::string> class_names;  // in the order of its classes; empty: not known
  };
  // Where the file is a model's folder: the model's own file takes its place, and what lies beside it that of options that were not
  // given, for the images too. Images that are all grey are read as one channel where the model takes one, and one photograph is
  // made to fit as a folder of them is. To be called before either is opened. Returns what was read, in a line; nothing for a file.
  std::string prepare(DataArguments* data = nullptr);
  // shape: of the images; {} takes it from the model.
  Opened open(const ImageShape& shape) const;
  // Another classifier of a model that is open, by these options.
  std::unique_ptr<model::Classifier> classifier_of(const Opened& opened) const;
  void describe(log::Manifest& manifest, const Opened& opened) const;
  // What a model that is asked is first asked for: copies of this image, by noise that nobody knew beforehand.
  void ask_first(const Image& image, NoiseKind kind, double scale);
  bool is_remote() const { return remote::is_address(file); }

 private:
  Opened open_remote(const ImageShape& shape) const;
  bool is_torchscript() const;
  void require_nothing_asked() const;
  std::string take_folder(DataArguments* data);
  std::optional<InputSizes> input_sizes(ImageShape shape) const;
  model::ModelOptions options_for(const ImageShape& shape) const;
  std::vector<std::string> names_of_classes(const graph::Graph& graph, int classes) const;

  std::string folder_, preprocessing_;
  std::vector<std::string> folder_class_names_;
};

struct DataArguments;

// A line on standard error that says how images are made to fit, where nobody asked for it.
void tell_of_images(const DataArguments& arguments, const data::Dataset& dataset);

struct DataArguments {
  std::string name, split = "test", data_dir;
  bool coarse_labels = false;
  std::string labels, label_order, synsets;
  bool gray = false, exif = false;
  std::string label;            // of DATA that is one image: a class by its number or its name
  bool may_lack_label = false;  // then such an image without one is opened with label 0, which nothing may be made of
  int label_offset = 0;
  std::string resize, interpolation;
  std::optional<int> crop;
  run::ImageRange range;

  void add_to(CLI::App& command, const std::string& option = "DATA", bool required = true);
  void add_range_to(CLI::App& command);
  void add_shard_to(CLI::App& command);
  std::unique_ptr<data::Dataset> open() const;
  // How images are made ready, where a model's folder says so and the options do not.
  void take(const model::Preprocessing& preprocessing);
  // Whether it is images in files of their own, or a folder, which may hold them.
  bool in_files() const;
  // Whether it is one image, by its name.
  bool is_single_image() const;
  // The options about images that were given, as they are typed, but those of the range.
  std::vector<std::vector<std::string>> given() const;
  // The images' shape: known, or the first one's.
  static ImageShape shape_of(const data::Dataset& dataset);
  void describe(log::Manifest& manifest, const data::Dataset& dataset) const;
  // Which images of the data set a log has rows of.
  void describe_rows(log::Manifest& manifest, const data::Dataset& dataset) const;
};

// --sigma, --noise, --lambda.
void add_noise_to(CLI::App& command, procedure::NoiseRequest& request);
void add_seed_to(CLI::App& command, std::optional<std::uint64_t>& seed);

// Messages name arguments as they are typed.
inline const procedure::Spelling& spelling = procedure::Spelling::command_line;

// Decimal digits of a number below 2^64 and nothing else: CLI11 takes "-5" for 2^64 - 5, "010" for 8 and what is too large for the largest.
CLI::Validator whole_number();

// The token in a file. Throws InputError unless it is one line of visible ASCII.
std::string token_in(const std::string& file);

// A number that is not negative.
CLI::Validator at_least_0();

// An option that takes a list between commas, of every subcommand, takes no word behind it: `--radii 0,0.25 LOG`.
void take_lists_in_one_word(CLI::App& program);

// Every option that takes a number, of every subcommand: decimal digits, with a point and an exponent, and finite; a whole number may be
// 1e5, 100k or 2.5M. CLI11 would take "0x10" for 16, "1e400" for infinity and "-5" for 2^64 - 5.
void require_plain_numbers(CLI::App& program);

// Throws InputError unless the file can be written to where it is to lie, and is none of what is read, nor within it: said before long
// work, not after.
void require_writable(const std::filesystem::path& file, const std::vector<std::string>& inputs = {});

// Throws InputError where a file is there that begins otherwise than files of its kind do: somebody's other file would be lost.
void require_same_kind(const std::filesystem::path& file, std::string_view beginning, std::string_view kind);
inline constexpr std::string_view png_beginning = "\x89PNG", npy_beginning = "\x93NUMPY", onnx_beginning = "\x08";

// The command line as it was typed, for the manifest; quoted where a shell needs it.
std::string command_line();

// Turns true at the first Ctrl-C (or SIGTERM); a second one ends the program at once.
const std::atomic<bool>& stop_on_signal();

}  // namespace ballast::cli
