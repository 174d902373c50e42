// SPDX-License-Identifier: Apache-2.0

#include "fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "ballast/core/errors.hpp"
#include "ballast/data/class_match.hpp"
#include "ballast/smooth/evaluate.hpp"
#include "ballast/smooth/thread_pool.hpp"
#include "ballast/stats/binomial.hpp"

namespace ballast::cli {
namespace {

constexpr std::size_t most_images = 100;
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

Samples first_of(const data::Dataset& dataset, const std::vector<std::size_t>& indices) {
  Samples samples;
  for (std::size_t i = 0; i < std::min(most_images, indices.size()); ++i) {
    data::Example example = dataset.at(indices[i]);
    samples.images.push_back({std::move(example.image), static_cast<std::uint32_t>(indices[i])});
    samples.labels.push_back(example.label);
  }
  return samples;
}

std::vector<Label> answers(smooth::Executor& executor, const Samples& samples) {
  return smooth::evaluate(executor, samples.images, nullptr, 0, false).labels;
}

// How many answers are the labels moved by so much.
std::uint64_t matches(const std::vector<Label>& answers, const std::vector<Label>& labels, Label offset) {
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) count += answers[i] == labels[i] + offset ? 1 : 0;
  return count;
}

// The probability that guessing gives as many right answers. Guesses are as good as one class for all, of those that are there.
double chance_of(std::uint64_t right, const std::vector<Label>& labels) {
  const std::set<Label> kinds(labels.begin(), labels.end());
  std::size_t commonest = 0;
  for (const Label kind : kinds) commonest = std::max(commonest, static_cast<std::size_t>(std::count(labels.begin(), labels.end(), kind)));
  const double p = static_cast<double>(commonest) / static_cast<double>(labels.size());
  return right == 0 ? 1 : stats::binomial_upper_tail(right, labels.size(), p);
}

}  // namespace

std::string fit_classes(std::unique_ptr<data::Dataset>& dataset, const ModelArguments::Opened& model, int label_offset) {
  const int classes = model.classifier->classes();
  std::string done;
  if (dataset->labelled_by_name()) {
    const auto names = dataset->class_names();
    auto map = data::match_classes(names, model.class_names, classes);
    if (!is_in_order(map)) {
      done = map_text(names, map);
      dataset = data::relabelled(std::move(dataset), std::move(map), classes);
    }
  }
  if (label_offset == 0) return done;
  require(done.empty(), "--label-offset: classes of this data are told by their names");
  std::vector<Label> map;
  for (Label label = 0; label < dataset->classes(); ++label) {
    map.push_back(label + label_offset);
    require(map.back() >= 0 && map.back() < classes,
            fmt::format("--label-offset {}: label {} would be {}, and the model's classes are 0 to {}", label_offset, label, map.back(),
                        classes - 1));
  }
  dataset = data::relabelled(std::move(dataset), std::move(map), classes);
  return fmt::format("{:+}", label_offset);
}

std::vector<std::string> names_of_classes(const data::Dataset& dataset, const ModelArguments::Opened& model) {
  if (!model.class_names.empty()) return model.class_names;
  auto names = dataset.class_names();
  return static_cast<int>(names.size()) == model.classifier->classes() ? names : std::vector<std::string>{};
}

std::string advice_on_accuracy(const ModelArguments& arguments, const ModelArguments::Opened& model, const data::Dataset& dataset,
                               const std::vector<std::size_t>& indices, smooth::Executor& executor) {
  const Samples samples = first_of(dataset, indices);
  const auto plain = answers(executor, samples);
  const std::uint64_t right = matches(plain, samples.labels, 0);
  if (chance_of(right, samples.labels) < surprising) return "";
  struct Better {
    std::uint64_t right;
    std::string option;
  };
  std::optional<Better> best;
  const auto consider = [&](std::uint64_t count, const std::string& option) {
    if (count > right && chance_of(count, samples.labels) < most_surprising && (!best || count > best->right)) best = Better{count, option};
  };
  for (const int offset : {1, -1}) consider(matches(plain, samples.labels, offset), fmt::format("--label-offset {}", offset));
  for (const Range& range : other_ranges(model.classifier->image_shape().channels)) {
    if (model.graph.reading.count("model_input")) break;
    ModelArguments other = arguments;
    other.input_scale = range.input_scale;
    other.mean = range.mean;
    other.deviation = range.deviation;
    const auto classifier = other.classifier_of(model.graph, model.classifier->image_shape());
    smooth::ThreadPool pool(*classifier, arguments.threads);
    const auto trial = answers(pool, samples);
    consider(matches(trial, samples.labels, 0), range.option);
    for (const int offset : {1, -1})
      consider(matches(trial, samples.labels, offset), fmt::format("{} --label-offset {}", range.option, offset));
  }
  if (!best) return "";
  return fmt::format(
      "the model is right for {} of the first {} images without noise, which is no better than chance, and would be for {} with {}", right,
      samples.labels.size(), best->right, best->option);
}

}  // namespace ballast::cli
