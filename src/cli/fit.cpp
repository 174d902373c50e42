// SPDX-License-Identifier: Apache-2.0

#include "fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "ballast/core/errors.hpp"
#include "ballast/data/class_match.hpp"
#include "ballast/smooth/device_executor.hpp"
#include "ballast/smooth/evaluate.hpp"
#include "ballast/stats/binomial.hpp"
#include "say.hpp"

namespace ballast::cli {
namespace {

constexpr std::size_t most_fitted_images = 100;
constexpr double surprising = 1e-3;       // of a model at chance, as good as this one
constexpr double most_surprising = 1e-6;  // of a model at chance, as good as with the option that is advised

// What a class of the data is of the model's, where the order differs.
std::string map_text(const std::vector<std::string>& names, const std::vector<Label>& classes) {
  std::vector<std::string> entries;
  for (std::size_t i = 0; i < names.size(); ++i) entries.push_back(fmt::format("{}={}", names[i], classes[i]));
  return fmt::format("{}", fmt::join(entries, ", "));
}

bool is_in_order(const std::vector<Label>& classes) {
  for (std::size_t i = 0; i < classes.size(); ++i) {
    if (classes[i] != static_cast<Label>(i)) return false;
  }
  return true;
}

// How pixels may be meant.
struct Range {
  const char* option;
  double input_scale;
  std::vector<double> mean, deviation;
};

std::vector<Range> other_ranges(int channels) {
  std::vector<Range> ranges{{"--input-scale 255", 255, {}, {}}, {"--mean 0.5 --std 0.5", 1, {0.5}, {0.5}}};
  if (channels == 3)
    ranges.push_back({"--mean 0.485,0.456,0.406 --std 0.229,0.224,0.225", 1, {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}});
  ranges.push_back({"--input-scale 1 without --mean and --std", 1, {}, {}});
  return ranges;
}

struct Samples {
  std::vector<smooth::NumberedImage> images;
  std::vector<Label> labels;
};

// Spread over all, since folders have one class after another.
Samples some_of(const data::Dataset& dataset, const std::vector<std::size_t>& indices) {
  Samples samples;
  const std::size_t count = std::min(most_fitted_images, indices.size());
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t index = indices[i * indices.size() / count];
    data::Example example = dataset.at(index);
    samples.images.push_back({std::move(example.image), static_cast<std::uint32_t>(index)});
    samples.labels.push_back(example.label);
  }
  return samples;
}

std::vector<Label> answers(smooth::Executor& executor, const Samples& samples) {
  return smooth::evaluate(executor, samples.images, nullptr, 0, false).labels;
}

// How many answers are the labels moved by so much; none where a label would be no class then.
std::uint64_t matches(const std::vector<Label>& answers, const std::vector<Label>& labels, Label offset, int classes) {
  const auto [least, most] = std::minmax_element(labels.begin(), labels.end());
  if (*least + offset < 0 || *most + offset >= classes) return 0;
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) count += answers[i] == labels[i] + offset ? 1 : 0;
  return count;
}

// Of the labels that are there, by the commonest and by the rarest of them.
struct Guesses {
  double best, worst;
};

Guesses guesses(const std::vector<Label>& labels) {
  std::map<Label, std::size_t> counts;
  for (const Label label : labels) ++counts[label];
  const auto [rarest, commonest] = std::minmax_element(counts.begin(), counts.end(), [](auto& a, auto& b) { return a.second < b.second; });
  const auto share = [&](std::size_t count) { return static_cast<double>(count) / static_cast<double>(labels.size()); };
  return {share(commonest->second), share(rarest->second)};
}

// The probability that guessing gives as many right answers. Guesses are as good as one class for all, of those that are there.
double chance_of(std::uint64_t right, const std::vector<Label>& labels) {
  return right == 0 ? 1 : stats::binomial_upper_tail(right, labels.size(), guesses(labels).best);
}

// That it gives as few, where the model has no more classes than these: they may be in another order.
double chance_of_so_few(std::uint64_t right, const std::vector<Label>& labels, int classes) {
  const std::set<Label> kinds(labels.begin(), labels.end());
  if (static_cast<int>(kinds.size()) < classes) return 1;
  return stats::binomial_lower_tail(right, labels.size(), guesses(labels).worst);
}

}  // namespace

std::string fit_names(std::unique_ptr<data::Dataset>& dataset, const std::vector<std::string>& model_names, int classes) {
  if (!dataset->labelled_by_name()) return "";
  const auto names = dataset->class_names();
  auto map = data::match_classes(names, model_names, classes);
  if (is_in_order(map)) return "";
  std::string done = map_text(names, map);
  dataset = data::relabelled(std::move(dataset), std::move(map), classes);
  return done;
}

std::string fit_classes(std::unique_ptr<data::Dataset>& dataset, const ModelArguments::Opened& model, int label_offset) {
  const int classes = model.classifier->classes();
  const std::string done = fit_names(dataset, model.class_names, classes);
  if (label_offset == 0) return done;
  require(done.empty(), "--label-offset: classes of this data are told by their names");
  for (std::size_t i = 0; i < dataset->size(); ++i) {
    const Label label = dataset->label(i), moved = label + label_offset;
    require(moved >= 0 && moved < classes, fmt::format("--label-offset {}: label {} would be {}, and the model's classes are 0 to {}",
                                                       label_offset, label, moved, classes - 1));
  }
  std::vector<Label> map;
  for (Label label = 0; label < dataset->classes(); ++label) map.push_back(std::clamp(label + label_offset, 0, classes - 1));
  dataset = data::relabelled(std::move(dataset), std::move(map), classes);
  return fmt::format("{:+}", label_offset);
}

std::vector<std::string> names_of_classes(const data::Dataset& dataset, const ModelArguments::Opened& model) {
  if (!model.class_names.empty()) return model.class_names;
  auto names = dataset.class_names();
  return static_cast<int>(names.size()) == model.classifier->classes() ? names : std::vector<std::string>{};
}

void warn_of_accuracy(const ModelArguments& arguments, const ModelArguments::Opened& model, const data::Dataset& dataset,
                      const std::vector<std::size_t>& indices, smooth::Executor& executor) {
  const Samples samples = some_of(dataset, indices);
  const int classes = model.classifier->classes();
  const auto plain = answers(executor, samples);
  const std::uint64_t right = matches(plain, samples.labels, 0, classes);
  if (chance_of(right, samples.labels) < surprising) return;
  struct Better {
    std::uint64_t right;
    std::string option;
  };
  std::optional<Better> best;
  const auto consider = [&](std::uint64_t count, const std::string& option) {
    if (count > right && chance_of(count, samples.labels) < most_surprising && (!best || count > best->right)) best = Better{count, option};
  };
  for (const int offset : {1, -1}) consider(matches(plain, samples.labels, offset, classes), fmt::format("--label-offset {}", offset));
  for (const Range& range : other_ranges(model.classifier->image_shape().channels)) {
    if (model.graph.reading.count("model_input")) break;
    ModelArguments other = arguments;
    other.input_scale = range.input_scale;
    other.mean = range.mean;
    other.deviation = range.deviation;
    const auto classifier = other.classifier_of(model);
    const auto others = smooth::executor_of(*classifier, arguments.threads);
    const auto trial = answers(*others, samples);
    consider(matches(trial, samples.labels, 0, classes), range.option);
    for (const int offset : {1, -1})
      consider(matches(trial, samples.labels, offset, classes), fmt::format("{} --label-offset {}", range.option, offset));
  }
  if (best) {
    warn("warning: the model is right for {} of {} images without noise, which is no better than chance, and would be for {} with {}\n",
         right, samples.labels.size(), best->right, best->option);
  } else if (model.class_names.empty() && chance_of_so_few(right, samples.labels, classes) < most_surprising) {
    warn(
        "warning: the model is right for {} of {} images without noise, fewer than by guessing: are its classes in another order? "
        "--class-names FILE says which\n",
        right, samples.labels.size());
  }
}

}  // namespace ballast::cli
