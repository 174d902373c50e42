// SPDX-License-Identifier: Apache-2.0
//
// ballast compose FRONT MODEL OUT.onnx: a model behind a pool or a denoiser
// ballast compose ensemble MODEL ... --out OUT.onnx: the mean of several
// ballast compose half MODEL OUT.onnx: weights of half precision
// ballast compose int8 MODEL DATA OUT.onnx: layers of whole numbers (compose_int8.cpp)

#include "ballast/graph/compose.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/graph/diffusion.hpp"
#include "ballast/graph/onnx.hpp"
#include "ballast/model/folder.hpp"
#include "commands.hpp"
#include "compose.hpp"
#include "help.hpp"
#include "options.hpp"
#include "say.hpp"

namespace ballast::cli {
namespace {

struct ComposeArguments {
  std::string front, model, out, input_shape;
  double limit_gib = default_model_limit_gib;
  std::vector<double> scale, shift, output_scale, output_shift;
  std::vector<std::string> constants;
  std::string diffusion, timestep, predicts;
  std::optional<double> sigma;
  bool clip = false;

  bool says_anything_of_a_denoiser() const {
    return !(scale.empty() && shift.empty() && output_scale.empty() && output_shift.empty() && constants.empty() && diffusion.empty() &&
             timestep.empty() && predicts.empty() && !sigma && !clip);
  }
};

// How a file is read: a classifier, or a network whose inputs may be constant.
graph::OnnxOptions reading(double limit_gib, const std::string& input_shape) {
  graph::OnnxOptions options{.limit = bytes_of_limit(limit_gib)};
  if (!input_shape.empty()) options.shape = shape_from(input_shape);
  return options;
}

graph::Graph denoiser_from(const ComposeArguments& a, std::map<std::string, double> constants) {
  graph::OnnxOptions options = reading(a.limit_gib, a.input_shape);
  options.constants = std::move(constants);
  options.classifier = false;
  return graph::load_onnx(a.front, options);
}

// What a person should know who goes on with the model.
using Remarks = std::vector<std::string>;

std::optional<double> number_from(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

// The factor of "pool2", "pool3", ...; none of another word.
std::optional<int> pool_factor(std::string_view word) {
  constexpr std::string_view prefix = "pool";
  if (!word.starts_with(prefix)) return {};
  word.remove_prefix(prefix.size());
  if (word.empty() || word.find_first_not_of("0123456789") != std::string_view::npos) return {};
  int factor = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), factor);
  return error == std::errc{} ? factor : 0;
}

graph::Graph behind_pool(const ComposeArguments& a, int factor, Remarks& remarks) {
  require(!a.says_anything_of_a_denoiser(), fmt::format("{}: a pool takes no further options", a.front));
  graph::Graph composed = graph::average_pool_in_front(graph::load_onnx(a.model, reading(a.limit_gib, a.input_shape)), factor);
  const auto trained = composed.metadata.find("ballast.sigma");
  if (trained == composed.metadata.end()) return composed;
  const auto sigma = number_from(trained->second);
  require(sigma && *sigma >= 0, fmt::format("{}: its metadata ballast.sigma is '{}': a number from 0 is needed", a.model, trained->second));
  if (*sigma == 0) return composed;
  trained->second = fmt::format("{:.12g}", *sigma * factor);
  remarks.push_back(fmt::format("trained at sigma {}, to be certified at {} times that: --sigma {}", *sigma, factor, trained->second));
  return composed;
}

// A scale and an offset for each channel, as far as either is given; none for neither.
std::vector<ChannelAffine> affine_of(const std::vector<double>& scale, const std::vector<double>& shift, const std::string& options) {
  const std::size_t count = std::max(scale.size(), shift.size());
  const auto at = [&](const std::vector<double>& values, std::size_t i, double otherwise) {
    return values.empty() ? otherwise : values[values.size() == 1 ? 0 : i];
  };
  for (const auto& values : {scale, shift}) {
    require(values.size() <= 1 || values.size() == count, fmt::format("{}: one value, or as many for both as there are channels", options));
  }
  std::vector<ChannelAffine> channels;
  for (std::size_t i = 0; i < count; ++i) channels.push_back({at(scale, i, 1), at(shift, i, 0)});
  return channels;
}

std::map<std::string, double> constants_of(const ComposeArguments& a) {
  std::map<std::string, double> constants;
  for (const std::string& text : a.constants) {
    const std::size_t split = text.rfind('=');
    const auto value = split == std::string::npos ? std::nullopt : number_from(std::string_view(text).substr(split + 1));
    require(split > 0 && value, fmt::format("--constant {}: NAME=NUMBER is needed", text));
    require(constants.emplace(text.substr(0, split), *value).second, fmt::format("--constant {}: the input has a value already", text));
  }
  return constants;
}

graph::DiffusionStep step_of(const ComposeArguments& a) {
  require(a.sigma.has_value(), "--diffusion: --sigma is required, the noise that the images will have");
  require(!a.predicts.empty(), "--diffusion: --predicts is required, what the model gives: image or noise");
  require(a.scale.empty() && a.shift.empty(), "--diffusion scales the pixels itself; leave out --scale and --shift");
  return graph::nearest_step(a.diffusion == "cosine" ? graph::NoiseSchedule::cosine : graph::NoiseSchedule::linear, *a.sigma);
}

graph::Graph diffusion_denoiser(const ComposeArguments& a, std::map<std::string, double> constants, Remarks& remarks) {
  const graph::DiffusionStep step = step_of(a);
  if (!a.timestep.empty()) {
    require(constants.emplace(a.timestep, step.timestep).second,
            fmt::format("--timestep {}: --constant gives it another value", a.timestep));
  }
  graph::DenoiserOptions options;
  options.predicts = a.predicts == "image" ? graph::DenoiserOptions::Predicts::image : graph::DenoiserOptions::Predicts::noise;
  options.clip = a.clip;
  const graph::Graph network = denoiser_from(a, std::move(constants));
  graph::Graph denoiser = graph::one_step_denoiser(network, step, options);
  denoiser.metadata["ballast.sigma"] = fmt::format("{}", *a.sigma);
  denoiser.metadata["ballast.timestep"] = fmt::format("{}", step.timestep);
  remarks.push_back(fmt::format("timestep {} of {}: the noise there is {:.6g}, to be certified at --sigma {}", step.timestep,
                                graph::diffusion_timesteps, step.sigma(), *a.sigma));
  return denoiser;
}

graph::Graph plain_denoiser(const ComposeArguments& a, std::map<std::string, double> constants) {
  require(a.timestep.empty() && a.predicts.empty() && !a.sigma && !a.clip,
          "--sigma, --timestep, --predicts and --clip go with --diffusion");
  graph::Graph denoiser = denoiser_from(a, std::move(constants));
  const auto affine = affine_of(a.scale, a.shift, "--scale and --shift");
  return affine.empty() ? denoiser : graph::affine_in_front(denoiser, affine);
}

graph::Graph behind_denoiser(const ComposeArguments& a, Remarks& remarks) {
  const auto constants = constants_of(a);
  graph::Graph denoiser = a.diffusion.empty() ? plain_denoiser(a, constants) : diffusion_denoiser(a, constants, remarks);
  const auto affine = affine_of(a.output_scale, a.output_shift, "--output-scale and --output-shift");
  if (!affine.empty()) denoiser = graph::affine_behind(std::move(denoiser), affine);
  const auto noise_of_denoiser = denoiser.metadata;
  graph::Graph composed = graph::join(std::move(denoiser), graph::load_onnx(a.model, reading(a.limit_gib, a.input_shape)),
                                      fmt::format("denoiser {} in front", a.front));
  // The noise is the denoiser's to meet, whatever the classifier was trained with.
  composed.metadata.erase("ballast.sigma");
  for (const char* key : {"ballast.sigma", "ballast.timestep"}) {
    if (const auto found = noise_of_denoiser.find(key); found != noise_of_denoiser.end()) composed.metadata[key] = found->second;
  }
  return composed;
}

}  // namespace

// The model's own command, by which it was trained, is kept under another key.
void record_command(graph::Graph& composed) {
  auto& metadata = composed.metadata;
  if (const auto own = metadata.find("ballast.command"); own != metadata.end()) {
    std::string& earlier = metadata["ballast.model_command"];
    earlier = own->second + (earlier.empty() ? "" : "; " + earlier);
  }
  metadata["ballast.version"] = BALLAST_VERSION;
  metadata["ballast.command"] = command_line();
}

namespace {

void compose(const ComposeArguments& a) {
  Remarks remarks;
  require(!a.front.empty() && !a.model.empty() && !a.out.empty(), "compose: FRONT, MODEL and OUT are needed (see --help)");
  require_writable(a.out, {a.front, a.model});
  require_same_kind(a.out, onnx_beginning, "ONNX model");
  const auto factor = pool_factor(a.front);
  graph::Graph composed = factor ? behind_pool(a, *factor, remarks) : behind_denoiser(a, remarks);
  record_command(composed);
  graph::save_onnx(composed, a.out);
  say("{}\n", a.out);
  for (const std::string& remark : remarks) say("{}\n", remark);
}

struct EnsembleArguments {
  std::vector<std::string> models;
  std::string out, mean = "scores", input_shape;
  double limit_gib = default_model_limit_gib;
};

// Those of the members that have any, which must be the same: else their scores would be added class by wrong class.
std::vector<std::string> common_class_names(const std::vector<std::string>& files, const std::vector<graph::Graph>& members) {
  std::vector<std::string> names;
  std::string whose;
  for (std::size_t i = 0; i < members.size(); ++i) {
    const auto own = model::class_names_of(members[i], members[i].classes());
    if (own.empty()) continue;
    require(names.empty() || own == names, fmt::format("{} and {} name their classes otherwise, or in another order", whose, files[i]));
    names = own;
    whose = files[i];
  }
  return names;
}

void compose_ensemble(const EnsembleArguments& a) {
  require_writable(a.out, a.models);
  require_same_kind(a.out, onnx_beginning, "ONNX model");
  std::vector<graph::Graph> members;
  for (const std::string& file : a.models) members.push_back(graph::load_onnx(file, reading(a.limit_gib, a.input_shape)));
  graph::Graph composed = graph::ensemble(members, a.mean == "scores" ? graph::EnsembleMean::scores : graph::EnsembleMean::probabilities);
  if (const auto names = common_class_names(a.models, members); !names.empty()) model::set_class_names(composed, names);
  record_command(composed);
  graph::save_onnx(composed, a.out);
  say("{}\n", a.out);
}

struct HalfArguments {
  std::string model, out, input_shape;
  double limit_gib = default_model_limit_gib;
};

// Half of the file: weights are the nearest numbers of half precision, and all the rest is as it was.
void compose_half(const HalfArguments& a) {
  require_writable(a.out, {a.model});
  require_same_kind(a.out, onnx_beginning, "ONNX model");
  graph::Graph model = graph::load_onnx(a.model, reading(a.limit_gib, a.input_shape));
  record_command(model);
  graph::save_onnx(model, a.out, {.weights = graph::WeightForm::half});
  say("{}\n", a.out);
}

void add_half(CLI::App& compose_command) {
  auto& command = *compose_command.add_subcommand("half", "A classifier with its weights in half precision: half as large a file");
  auto a = std::make_shared<HalfArguments>();
  command.add_option("MODEL", a->model, "ONNX file of the classifier")->required();
  command.add_option("OUT", a->out, "ONNX file to write")->required();
  add_model_limit_to(command, a->limit_gib);
  add_input_shape_to(command, a->input_shape);
  add_examples(command, {"ballast compose half model.onnx half.onnx"});
  command.callback([a] { compose_half(*a); });
}

void add_ensemble(CLI::App& compose_command) {
  auto& command = *compose_command.add_subcommand("ensemble", "The mean of several classifiers, as one model");
  auto a = std::make_shared<EnsembleArguments>();
  command.add_option("MODELS", a->models, "ONNX files of classifiers of the same images and classes, at least two")->required();
  command.add_option("--out", a->out, "ONNX file to write")->required();
  command.add_option("--mean", a->mean, "of the scores, or of the probabilities that a softmax makes of them")
      ->check(CLI::IsMember({"scores", "probabilities"}))
      ->capture_default_str();
  add_model_limit_to(command, a->limit_gib);
  add_input_shape_to(command, a->input_shape);
  add_examples(command, {"ballast compose ensemble model.onnx other.onnx --out mean.onnx"});
  command.callback([a] { compose_ensemble(*a); });
}

}  // namespace

void add_compose(CLI::App& program) {
  auto& command = *program.add_subcommand(
      "compose", "Put a pool or a denoiser in front of a model, average several models, or make its numbers narrower");
  auto a = std::make_shared<ComposeArguments>();
  command.add_option("FRONT", a->front, "pool2 ... pool8: the model takes images so many times as large; or a denoiser's ONNX file");
  command.add_option("MODEL", a->model, "ONNX file of the classifier");
  command.add_option("OUT", a->out, "ONNX file to write");
  add_model_limit_to(command, a->limit_gib);
  add_input_shape_to(command, a->input_shape);
  command.add_option("--scale", a->scale, "denoiser: pixels of [0, 1] are multiplied by this, one value or one a channel")
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_option("--shift", a->shift, "and then this is added")->delimiter(',')->allow_extra_args(false);
  command.add_option("--output-scale", a->output_scale, "denoiser: what it gives is multiplied by this")
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_option("--output-shift", a->output_shift, "and then this is added")->delimiter(',')->allow_extra_args(false);
  command.add_option("--constant", a->constants, "denoiser: NAME=NUMBER, an input that is always so; may be given several times")
      ->allow_extra_args(false);
  command.add_option("--diffusion", a->diffusion, "denoiser: it is a diffusion model of 1000 timesteps with this noise schedule")
      ->check(CLI::IsMember({"linear", "cosine"}));
  command.add_option("--sigma", a->sigma, "diffusion: noise of the images it is to be used on, for pixels in [0, 1]");
  command.add_option("--timestep", a->timestep, "diffusion: the model's input that takes the timestep, which is fixed to fit sigma");
  command.add_option("--predicts", a->predicts, "diffusion: what the model gives")->check(CLI::IsMember({"image", "noise"}));
  command.add_flag("--clip", a->clip, "diffusion: the denoised image is cut to [0, 1]");
  add_examples(command, {"ballast compose pool2 model.onnx pooled.onnx"});
  add_ensemble(command);
  add_half(command);
  add_int8(command);
  command.callback([a, &command] {
    if (command.get_subcommands().empty()) compose(*a);
  });
}

}  // namespace ballast::cli
