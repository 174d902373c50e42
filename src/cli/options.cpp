// SPDX-License-Identifier: Apache-2.0

#include "options.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "ballast/core/errors.hpp"
#include "ballast/core/input_file.hpp"
#include "ballast/core/sha256.hpp"
#include "ballast/data/class_match.hpp"
#include "ballast/graph/onnx.hpp"
#include "ballast/noise/stream.hpp"
#include "ballast/run/describe.hpp"
#include "help.hpp"
#include "say.hpp"

namespace ballast::cli {
namespace {

std::atomic<bool> stop_requested{false};

extern "C" void request_stop(int signal) {
  stop_requested = true;
  std::signal(signal, SIG_DFL);
}

std::string shell_quoted(const std::string& word) {
  const bool plain = !word.empty() && word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=,:+@%") ==
                                          std::string::npos;
  if (plain) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

// Of "256" or "224x224" and a filter's name; nothing of nothing.
std::optional<data::Resizing> resizing_from(const std::string& text, const std::string& interpolation) {
  require(!text.empty() || interpolation.empty(), "--interpolation goes with --resize");
  if (text.empty()) return {};
  data::Resizing resizing;
  const char *at = text.data(), *end = text.data() + text.size();
  const auto height = std::from_chars(at, end, resizing.height);
  bool whole = height.ec == std::errc{};
  at = height.ptr;
  if (whole && at != end && *at == 'x') {
    const auto width = std::from_chars(at + 1, end, resizing.width);
    whole = width.ec == std::errc{} && resizing.width > 0 && resizing.height > 0;
    at = width.ptr;
  }
  require(whole && at == end, fmt::format("--resize {}: the length of the shorter side, or height x width as in 224x224, is needed", text));
  if (!interpolation.empty()) resizing.interpolation = data::interpolation_names.value(interpolation).value();
  return resizing;
}

// Of a class that is given by its number.
std::optional<Label> label_number(const std::string& text) {
  Label number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

// Of photographs, for networks of this side.
constexpr std::int64_t usual_resize = 256, usual_crop = 224;

// Of a model of images; nothing of one of vectors.
std::optional<ModelArguments::InputSizes> sizes_of_input(const graph::Graph& graph) {
  const graph::Dims& dims = graph.dims(graph.input);
  if (dims.size() != 4) return {};
  const bool last = dims[1] > 4 && dims[3] <= 4;
  return last ? ModelArguments::InputSizes{dims[3], dims[1], dims[2]} : ModelArguments::InputSizes{dims[1], dims[2], dims[3]};
}

// Where images have another size than a model of images takes: what makes them fit.
std::string advice_on_shape(const graph::Graph& graph, const ImageShape& shape) {
  const auto sizes = sizes_of_input(graph);
  if (shape == ImageShape{} || !sizes) return "";
  const auto [channels, height, width] = *sizes;
  std::string advice;
  if (channels == 1 && shape.channels == 3) advice += "; --gray makes one channel of colours";
  if (height == width && (shape.height != height || shape.width != width))
    advice +=
        fmt::format("; images in files are made to fit by --resize {} --crop {}", height == usual_crop ? usual_resize : height, width);
  else if (shape.height != height || shape.width != width)
    advice += fmt::format("; images in files are made to fit by --resize {}x{}", height, width);
  return advice;
}

}  // namespace

void add_model_limit_to(CLI::App& command, double& gib) {
  command
      .add_option("--model-limit", gib,
                  "GiB that the model may take beyond its file: for constants worked out beforehand, and for the largest value of an image")
      ->capture_default_str();
}

std::int64_t bytes_of_limit(double gib) {
  constexpr double most_gib = 1 << 16;
  require(gib > 0 && gib <= most_gib, fmt::format("--model-limit {}: a number above 0 is needed, at most {:.0f}", gib, most_gib));
  return static_cast<std::int64_t>(gib * (1 << 30));
}

void add_input_shape_to(CLI::App& command, std::string& shape) {
  command.add_option("--input-shape", shape, "CxHxW, as in 3x224x224: of a model that leaves sizes open, where no images say it");
}

ImageShape shape_from(const std::string& text) {
  if (text.empty()) return {};
  constexpr int most = 1 << 16;
  ImageShape shape;
  const char *at = text.data(), *end = text.data() + text.size();
  for (int* size : {&shape.channels, &shape.height, &shape.width}) {
    const auto [behind, error] = std::from_chars(at, end, *size);
    const bool last = size == &shape.width;
    require(error == std::errc{} && *size >= 1 && *size <= most && (last ? behind == end : behind != end && *behind == 'x'),
            fmt::format("--input-shape {}: channels x height x width are needed, as in 3x224x224", text));
    at = behind + (last ? 0 : 1);
  }
  return shape;
}

void ModelArguments::add_to(CLI::App& command, const std::string& name, bool required) {
  const Heading under(command, heading::model);
  command.add_option(name, file, "ONNX file of the base classifier")->required(required);
  command.add_option("--engine", engine, "what runs the network: onednn, or aten (with LibTorch)")
      ->check(CLI::IsMember(model::engine_names.names()))
      ->capture_default_str();
  command.add_option("--device", device, "cpu, or with LibTorch GPUs: cuda, cuda:1, cuda:0,1 (then the engine is aten)")
      ->capture_default_str();
  command.add_option("--device-batch", device_batch, "images at a time on a device; 0: by their size")->capture_default_str();
  command
      .add_option("--precision", precision,

                  "arithmetic: bf16 where processor or device has it (auto), fp32, bf16, fp16 on a device, int8 of a quantised network")
      ->check(CLI::IsMember(model::precision_names.names()))
      ->capture_default_str();
  command.add_option("--layout", layout, "how the model takes images: channels first, channels last, flat (a vector, channels first)")
      ->check(CLI::IsMember({"auto", "chw", "hwc", "flat"}))
      ->capture_default_str();
  command.add_option("--input-scale", input_scale, "the model wants pixels of 0 to this, not 0 to 1")->capture_default_str();
  command.add_option("--mean", mean, "subtracted from each channel after scaling, e.g. 0.485,0.456,0.406")->delimiter(',');
  command.add_option("--std", deviation, "then divides each channel")->delimiter(',');
  command.add_option("--output", output, "which of the model's outputs holds scores or labels, where several may");
  command.add_option("--threshold", threshold,
                     "for a model of one score an image: the second class is where it is above (default: 0.5 behind a Sigmoid, else 0)");
  add_input_shape_to(command, input_shape);
  command.add_option("--class-names", class_names_file,
                     "names of the model's classes in their order: a line a class, or JSON (default: what lies in its folder or metadata)");
  command.add_option("--threads", threads, "worker threads; 0 is one a core (never changes the answer)")
      ->capture_default_str()
      ->group(heading::running);
  add_model_limit_to(command, limit_gib);
}

void ModelArguments::add_remote_to(CLI::App& command, const std::string& name) {
  may_be_remote = may_lack_graph = true;
  command.get_option(name)->description(
      "ONNX file of the base classifier, or TorchScript (with LibTorch); or exec:COMMAND or http://HOST/v2/models/NAME, which is asked "
      "(docs/remote.md)");
  const char* group = heading::asked;
  command.add_option("--classes", asked.classes, "how many classes it tells apart, where it does not say so itself")->group(group);
  command.add_option("--batch", asked.batch, "images that it gets at a time")->capture_default_str()->group(group);
  command.add_option("--timeout", asked.timeout, "seconds that it may take for them")->capture_default_str()->group(group);
  command.add_option("--budget", asked.budget, "images that this run may send in all; 0: any number")
      ->check(whole_number())
      ->capture_default_str()
      ->group(group);
  command.add_option("--retries", asked.retries, "http: of a batch, where the server is busy or out of reach")
      ->capture_default_str()
      ->group(group);
  command.add_option("--token-file", token_file, "http: file of a token that the server wants to see (Authorization: Bearer)")
      ->group(group);
  command.add_option("--input", asked.input, "http: the model's input, where it has several")->group(group);
}

void ModelArguments::ask_first(const Image& image, NoiseKind kind, double scale) {
  asked.write_first = [image, kind, scale](const std::vector<ChannelAffine>& affine, const InputBuffer& buffer, int count) {
    const noise::NoisyWriter writer(kind, scale, affine);
    writer.check(image);
    if (writer.splits() > 0) count = static_cast<int>(std::min<std::uint64_t>(writer.splits(), static_cast<std::uint64_t>(count)));
    writer.write(image, {noise::fresh_seed(), noise::Purpose::measurement, 0}, 0, count, buffer);
  };
}

ModelArguments::Opened ModelArguments::open_remote(const ImageShape& shape) const {
  require(may_be_remote, fmt::format("{}: this command needs the network itself, an ONNX file", file));
  require(engine == "onednn" && device == "cpu" && precision == "auto" && layout == "auto",
          fmt::format("{}: --engine, --device, --precision and --layout are for files", file));
  remote::Options options = asked;
  require(!threshold && input_shape.empty(), fmt::format("{}: --threshold and --input-shape are for ONNX files", file));
  options.shape = shape;
  options.output = output;
  options.input_scale = input_scale;
  options.mean = mean;
  options.deviation = deviation;
  if (!token_file.empty()) options.token = token_in(token_file);
  remote::Opened opened = remote::open(file, options);
  Sha256 digest;
  digest.add(opened.description);
  const int classes = opened.classifier->classes();
  return {{}, to_hex(digest.finish()), std::move(opened.classifier), names_of_classes({}, classes)};
}

// What would be ignored is refused.
void ModelArguments::require_nothing_asked() const {
  const remote::Options usual;
  const std::pair<const char*, bool> given[] = {{"--classes", asked.classes.has_value()},
                                                {"--batch", asked.batch != usual.batch},
                                                {"--timeout", asked.timeout != usual.timeout},
                                                {"--budget", asked.budget != usual.budget},
                                                {"--retries", asked.retries != usual.retries},
                                                {"--token-file", !token_file.empty()},
                                                {"--input", !asked.input.empty()}};
  for (const auto& [name, is_given] : given)
    require(!is_given, fmt::format("{}: goes with a model that is asked (exec:COMMAND or http://...), and {} is a file", name, file));
}

std::string ModelArguments::prepare(DataArguments* data) {
  std::string read = take_folder(data);
  if (data == nullptr || is_remote() || !data->in_files()) return read;
  const bool may_resize = data->is_single_image() && data->resize.empty() && !data->crop;
  const auto images = data->open();
  const bool may_be_gray = !data->gray && images->repeats_gray();
  if (!may_resize && !may_be_gray) return read;
  const ImageShape shape = DataArguments::shape_of(*images);
  const auto sizes = input_sizes(shape);
  if (!sizes) return read;
  if (may_be_gray) data->gray = sizes->channels == 1;
  if (may_resize && sizes->height == usual_crop && sizes->width == usual_crop &&
      (shape.height != usual_crop || shape.width != usual_crop)) {
    data->resize = fmt::format("{}", usual_resize);  // as folders of photographs are
    data->crop = usual_crop;
  }
  return read;
}

// Of a file that cannot be opened so early, nothing is said here.
std::optional<ModelArguments::InputSizes> ModelArguments::input_sizes(ImageShape shape) const {
  shape.channels = 1;
  graph::OnnxOptions reading = model::reading(options_for(shape));
  reading.limit = bytes_of_limit(limit_gib);
  try {
    return sizes_of_input(graph::load_onnx(file, reading));
  } catch (const InputError&) {
    return {};
  }
}

std::string ModelArguments::take_folder(DataArguments* data) {
  std::error_code unknown;
  if (is_remote() || !std::filesystem::is_directory(file, unknown)) return "";
  const model::ModelFolder folder = model::read_model_folder(file);
  folder_ = file;
  file = folder.model.string();
  folder_class_names_ = folder.class_names;
  if (!folder.preprocessing) return folder_class_names_.empty() ? "" : fmt::format("{}: names of classes", folder_);
  const model::Preprocessing& asked_for = *folder.preprocessing;
  preprocessing_ = model::to_string(asked_for);
  if (mean.empty() && deviation.empty() && input_scale == 1) {
    input_scale = asked_for.input_scale;
    mean = asked_for.mean;
    deviation = asked_for.deviation;
  }
  if (data != nullptr) data->take(asked_for);
  return fmt::format("{}: {}", folder_, preprocessing_);
}

// As the caller says, or the model's folder, or its metadata.
std::vector<std::string> ModelArguments::names_of_classes(const graph::Graph& graph, int classes) const {
  std::vector<std::string> names;
  std::string from = class_names_file;
  if (!class_names_file.empty()) {
    names = model::read_class_names(class_names_file);
  } else if (!folder_class_names_.empty()) {
    names = folder_class_names_;
    from = folder_;
  } else {
    return model::class_names_of(graph, classes);
  }
  require(static_cast<int>(names.size()) == classes,
          fmt::format("{}: names of {} classes, and the model has {}", from, names.size(), classes));
  return names;
}

model::ModelOptions ModelArguments::options_for(const ImageShape& shape) const {
  model::ModelOptions options;
  options.shape = shape != ImageShape{} ? shape : shape_from(input_shape);
  options.layout = graph::layout_named(layout);  // none: auto
  options.input_scale = input_scale;
  options.mean = mean;
  options.deviation = deviation;
  options.engine = model::engine_names.value(engine).value();
  options.device = device;
  options.precision = model::precision_names.value(precision).value();
  options.micro_batch = device == "cpu" ? micro_batch : device_batch;
  options.output = output;
  options.threshold = threshold;
  return options;
}

bool ModelArguments::is_torchscript() const { return may_lack_graph && model::has_aten() && model::is_torchscript(file); }

std::unique_ptr<model::Classifier> ModelArguments::classifier_of(const Opened& opened) const {
  const model::ModelOptions options = options_for(opened.classifier->image_shape());
  return is_torchscript() ? model::load_torchscript(file, options).classifier : model::classifier_from(opened.graph, options);
}

ModelArguments::Opened ModelArguments::open(const ImageShape& shape) const {
  if (is_remote()) return open_remote(shape);
  require_nothing_asked();
  require(device != "cpu" || device_batch == 0, "--device-batch: goes with --device cuda");
  const model::ModelOptions options = options_for(shape);
  if (is_torchscript()) {
    model::LoadedClassifier loaded = model::load_torchscript(file, options);
    auto names = names_of_classes({}, loaded.classifier->classes());
    return {{}, std::move(loaded.sha256), std::move(loaded.classifier), std::move(names)};
  }
  graph::OnnxOptions reading = model::reading(options);
  reading.limit = bytes_of_limit(limit_gib);
  graph::LoadedGraph loaded = graph::load_onnx_and_digest(file, reading);
  try {
    auto classifier = model::classifier_from(loaded.graph, options);
    auto names = names_of_classes(loaded.graph, classifier->classes());
    return {std::move(loaded.graph), loaded.sha256, std::move(classifier), std::move(names)};
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}{}", file, error.what(), advice_on_shape(loaded.graph, shape)));
  }
}

void ModelArguments::describe(log::Manifest& manifest, const Opened& opened) const {
  manifest.add("model", file);
  manifest.add("model_sha256", opened.sha256);
  if (is_remote()) manifest.add("model_sha256_of", "what is known of the model (its address and what it says of itself), not its weights");
  for (const char* name : {"version", "command", "recipe", "sigma", "seed", "data_sha256", "composed"}) {
    const auto found = opened.graph.metadata.find(fmt::format("ballast.{}", name));
    if (found != opened.graph.metadata.end()) manifest.add(fmt::format("model_{}", name), found->second);
  }
  for (const auto& [entry, what] : opened.graph.reading) manifest.add(entry, what);
  if (!preprocessing_.empty()) manifest.add("model_preprocessing", preprocessing_);
  run::describe(manifest, *opened.classifier);
}

void DataArguments::add_to(CLI::App& command, const std::string& option, bool required) {
  const Heading under(command, heading::data);
  command
      .add_option(option, name,
                  "fashion-mnist, mnist, cifar10, cifar100, svhn, imagenet, or a path: IDX, CIFAR, .mat, .npz, .npy, a folder of images, "
                  "an image")
      ->required(required);
  command.add_option("--data-dir", data_dir, "folder of the named data sets (default: $BALLAST_DATA)");
  command.add_option("--split", split, "test or train")->check(CLI::IsMember({"test", "train"}))->capture_default_str();
  command.add_flag("--coarse-labels", coarse_labels, "CIFAR-100: its 20 coarse labels in place of the 100 fine ones");
  const char* group = heading::files;
  command.add_option("--labels", labels, "a folder's labels: CSV or TSV of image and class, by name or number; or a list of classes")
      ->group(group);
  command
      .add_option("--label-order", label_order,
                  "what numbers in --labels mean: sorted (from 0 on, classes sorted), or ilsvrc (from 1 on, by --synsets)")
      ->check(CLI::IsMember({"sorted", "ilsvrc"}))
      ->group(group);
  command.add_option("--synsets", synsets, "all WordNet ids, one a line; for ilsvrc in its order, or with its numbers (map_clsloc.txt)")
      ->group(group);
  command.add_option("--label-offset", label_offset, "added to each label: 1 where the model's first class is for the background")
      ->capture_default_str()
      ->group(group);
  command.add_option("--label", label, "the label of DATA that is one image: a class by its number or its name")->group(group);
  command.add_flag("--gray", gray, "one channel: grey images as stored, colours by ITU-R 601-2, as Pillow's L")->group(group);
  command.add_flag("--exif", exif, "turned by the orientation in the camera's metadata; else as stored")->group(group);
  command.add_option("--resize", resize, "length of the shorter side, or height x width as in 224x224; 0 for none")->group(group);
  command.add_option("--interpolation", interpolation, "by which filter of Pillow's (default: bilinear)")
      ->check(CLI::IsMember(data::interpolation_names.names()))
      ->group(group);
  command.add_option("--crop", crop, "then a square of this side from the middle; 0 for none")->group(group);
}

void DataArguments::add_range_to(CLI::App& command) {
  const Heading under(command, heading::range);
  command.add_option("--start", range.start, "first image")->capture_default_str();
  command.add_option("--skip", range.skip, "take every so many images")->capture_default_str();
  command.add_option("--max", range.max, "stop after so many images; -1 for all")->capture_default_str();
}

void DataArguments::add_shard_to(CLI::App& command) {
  const Heading under(command, heading::range);
  command
      .add_option_function<std::string>(
          "--shard",
          [this](const std::string& text) {
            const auto slash = text.find('/');
            const auto read = [&](std::string_view part) {
              std::int64_t number = 0;
              const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
              require(error == std::errc{} && end == part.data() + part.size() && slash != std::string::npos,
                      fmt::format("--shard {}: I/K is needed, from 1/K to K/K", text));
              return number;
            };
            range.shard = read(std::string_view(text).substr(0, slash));
            range.shards = read(std::string_view(text).substr(slash == std::string::npos ? text.size() : slash + 1));
          },
          "I/K: every K-th image, beginning with the I-th; `merge` puts the K logs together")
      ->type_name("I/K");
}

void DataArguments::take(const model::Preprocessing& preprocessing) {
  if (!resize.empty() || crop) return;
  if (!in_files()) return;
  if (const auto& resizing = preprocessing.resizing) {
    resize = resizing->width > 0 ? fmt::format("{}x{}", resizing->height, resizing->width) : fmt::format("{}", resizing->height);
    interpolation = resizing->interpolation;
  }
  crop = preprocessing.crop.value_or(0);
}

std::unique_ptr<data::Dataset> DataArguments::open() const {
  data::OpenOptions options;
  options.split = split;
  options.data_dir = data_dir;
  options.coarse_labels = coarse_labels;
  options.labels = labels;
  if (!label_order.empty()) options.label_order = label_order == "ilsvrc" ? data::LabelOrder::ilsvrc : data::LabelOrder::sorted;
  options.synsets = synsets;
  options.gray = gray;
  options.exif = exif;
  const std::optional<Label> number = label_number(label);
  if (number || !label.empty()) options.label = number.value_or(0);
  if (may_lack_label && is_single_image()) options.label = options.label.value_or(0);
  options.resize = resizing_from(resize, interpolation);
  options.crop = crop;
  auto dataset = data::open_dataset(name, options);
  return number || label.empty() ? std::move(dataset) : data::with_class_name(std::move(dataset), label);
}

bool DataArguments::in_files() const { return is_single_image() || std::filesystem::is_directory(name) || name == "imagenet"; }

bool DataArguments::is_single_image() const { return data::is_image_file(name); }

std::vector<std::vector<std::string>> DataArguments::given() const {
  std::vector<std::vector<std::string>> words;
  const auto add = [&](const char* option, const std::string& value) {
    if (!value.empty()) words.push_back({option, value});
  };
  const auto number = [](std::optional<int> value) { return value ? fmt::format("{}", *value) : ""; };
  words.push_back({"--split", split});
  add("--data-dir", data_dir);
  if (coarse_labels) words.push_back({"--coarse-labels"});
  add("--labels", labels);
  add("--label-order", label_order);
  add("--synsets", synsets);
  add("--label", label);
  if (label_offset != 0) words.push_back({"--label-offset", fmt::format("{}", label_offset)});
  if (gray) words.push_back({"--gray"});
  if (exif) words.push_back({"--exif"});
  add("--resize", resize);
  add("--interpolation", interpolation);
  add("--crop", number(crop));
  return words;
}

void tell_of_images(const DataArguments& arguments, const data::Dataset& dataset) {
  const data::Fitting fitting = dataset.fitting();
  if (!arguments.resize.empty() || arguments.crop || fitting.resize.empty()) return;
  warn("{}: images of several sizes are made to fit as by --resize {}{}\n", arguments.name, fitting.resize,
       fitting.crop > 0 ? fmt::format(" --crop {}", fitting.crop) : "");
}

ImageShape DataArguments::shape_of(const data::Dataset& dataset) {
  const auto shape = dataset.shape();
  return shape ? *shape : dataset.at(0).image.shape;
}

void DataArguments::describe(log::Manifest& manifest, const data::Dataset& dataset) const {
  manifest.add("data", name);
  manifest.add("data_sha256", dataset.sha256());
  manifest.add("split", split);
  if (coarse_labels) manifest.add("labels", "coarse");
  if (!labels.empty()) manifest.add("labels_file", labels);
  if (!label_order.empty()) manifest.add("label_order", label_order);
  if (!synsets.empty()) manifest.add("synsets", synsets);
  if (gray) manifest.add("colours", "gray");
  if (exif) manifest.add("orientation", "exif");
  const data::Fitting fitting = dataset.fitting();
  if (!fitting.resize.empty()) manifest.add("resize", fitting.resize);
  if (fitting.crop > 0) manifest.add("crop", static_cast<std::uint64_t>(fitting.crop));
}

void DataArguments::describe_rows(log::Manifest& manifest, const data::Dataset& dataset) const {
  const run::ImageRange shard = run::shard_of(range);
  manifest.add("images", static_cast<std::uint64_t>(dataset.size()));
  if (range.shards > 1) manifest.add("shard", fmt::format("{}/{}", range.shard, range.shards));
  manifest.add("start", static_cast<std::uint64_t>(shard.start));
  manifest.add("skip", static_cast<std::uint64_t>(shard.skip));
  const auto rows = static_cast<std::uint64_t>(run::indices(range, dataset.size()).size());
  manifest.add("rows", rows);        // a longer run may continue a log
  manifest.add("first_plan", rows);  // which keeps what was planned before any row was seen
}

void add_noise_to(CLI::App& command, procedure::NoiseRequest& request) {
  const Heading under(command, heading::noise);
  command.add_option("--sigma", request.sigma, "standard deviation of Gaussian noise; pixels are in [0, 1]");
  command
      .add_option(
          "--noise", request.noise,
          "grid: Gaussian, exact on 8-bit images; gaussian: float, as in the paper; auto: grid where images are 8-bit; for l1: uniform, "
          "laplace (exact on 8-bit images), split (deterministic)")
      ->check(CLI::IsMember(noise_words()))
      ->capture_default_str();
  command.add_option("--lambda", request.lambda, "scale of uniform noise (half its width), Laplace noise or splitting");
}

void add_seed_to(CLI::App& command, std::optional<std::uint64_t>& seed) {
  command.add_option("--seed", seed, "of the noise (default: derived from model, data and noise)")
      ->check(whole_number())
      ->group(heading::noise);
}

std::string token_in(const std::string& file) {
  constexpr std::uintmax_t largest_token_file = 1 << 16;
  std::string token = read_whole(file, largest_token_file, "no such file, or not readable");
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();  // of a file from Windows, too
  const bool visible = !token.empty() && std::all_of(token.begin(), token.end(), [](unsigned char c) { return c > ' ' && c < 127; });
  require(visible, fmt::format("--token-file {}: one line of visible ASCII characters is needed", file));
  return token;
}

void require_writable(const std::filesystem::path& file, const std::vector<std::string>& inputs) {
  const std::filesystem::path folder = std::filesystem::absolute(file).parent_path();
  std::error_code unknown;
  require(std::filesystem::is_directory(folder, unknown), fmt::format("{}: the folder {} does not exist", file.string(), folder.string()));
  require(access(folder.c_str(), W_OK | X_OK) == 0, fmt::format("{}: the folder {} cannot be written to", file.string(), folder.string()));
  require(!std::filesystem::is_directory(file, unknown), fmt::format("{}: is a folder; a file is needed", file.string()));
  if (!std::filesystem::exists(file, unknown)) return;
  const std::string there = std::filesystem::canonical(file, unknown).string();
  for (const std::string& input : inputs) {
    const bool is_within =
        std::filesystem::is_directory(input, unknown) && there.starts_with((std::filesystem::canonical(input, unknown) / "").string());
    require(!is_within && !std::filesystem::equivalent(file, input, unknown),
            fmt::format("{}: is read, so it cannot be written; name another file", file.string()));
  }
}

void require_same_kind(const std::filesystem::path& file, std::string_view beginning, std::string_view kind) {
  std::error_code unknown;
  if (!std::filesystem::is_regular_file(file, unknown) || std::filesystem::file_size(file, unknown) == 0) return;
  std::string there(beginning.size(), '\0');
  std::ifstream in(file, std::ios::binary);
  require(in.read(there.data(), static_cast<std::streamsize>(there.size())) && there == beginning,
          fmt::format("{}: is there already and is no {}; name another file", file.string(), kind));
}

std::string command_line() {
  std::ifstream in("/proc/self/cmdline", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  std::string text, word;
  for (const char c : bytes) {
    if (c != '\0') {
      word += c;
      continue;
    }
    text += text.empty() ? "ballast" : " " + shell_quoted(word);
    word.clear();
  }
  return text;
}

const std::atomic<bool>& stop_on_signal() {
  std::signal(SIGINT, request_stop);
  std::signal(SIGTERM, request_stop);
  return stop_requested;
}

}  // namespace ballast::cli
