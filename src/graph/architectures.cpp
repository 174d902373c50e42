// SPDX-License-Identifier: Apache-2.0

#include "ballast/graph/architectures.hpp"

#include <fmt/format.h>

#include <charconv>
#include <initializer_list>
#include <utility>

#include "ballast/core/errors.hpp"
#include "networks.hpp"

namespace ballast::graph {
namespace {

// The numbers behind the words of a name: 16 and 4 of "wrn16-4" for {"wrn", "-"}. None where the name is not of that form.
std::vector<int> numbers_of(std::string_view name, std::initializer_list<std::string_view> words) {
  std::vector<int> numbers;
  for (const std::string_view word : words) {
    if (!name.starts_with(word)) return {};
    name.remove_prefix(word.size());
    int number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc{} || name[0] == '0' || name[0] == '-') return {};
    numbers.push_back(number);
    name.remove_prefix(static_cast<std::size_t>(end - name.data()));
  }
  return name.empty() ? numbers : std::vector<int>{};
}

bool within(int number, int least, int most) { return number >= least && number <= most; }

}  // namespace

std::optional<Normalisation> normalisation_from(std::string_view name, int channels) {
  if (name == "cifar10") return Normalisation{{0.4914f, 0.4822f, 0.4465f}, {0.2023f, 0.1994f, 0.2010f}};
  if (name == "imagenet") return Normalisation{{0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}};
  if (name == "fashion-mnist") return Normalisation{{0.286f}, {0.353f}};
  if (name == "mnist") return Normalisation{{0.1307f}, {0.3081f}};
  const auto count = static_cast<std::size_t>(channels);
  if (name == "half") return Normalisation{std::vector<float>(count, 0.5f), std::vector<float>(count, 1.0f)};
  if (name == "none") return Normalisation{};
  return {};
}

Graph build_architecture(const std::string& name, const ImageShape& shape, int classes, const Normalisation& normalisation) {
  require(classes >= 2, fmt::format("classes = {}: a classifier has at least 2", classes));
  LayerBuilder layers(shape, normalisation);
  if (name == "linear") return perceptron(std::move(layers), 0, 0, classes);
  if (name == "mlp") return perceptron(std::move(layers), 2, 256, classes);
  if (name == "cnn-small") return small_convolutional_network(std::move(layers), classes);
  if (name == "cnn-large") return large_convolutional_network(std::move(layers), classes);
  if (name == "resnet50") return imagenet_residual_network(std::move(layers), classes);
  if (const auto n = numbers_of(name, {"resnet"}); !n.empty() && within(n[0], 8, 1202) && n[0] % 6 == 2) {
    return cifar_residual_network(std::move(layers), (n[0] - 2) / 6, classes);
  }
  if (const auto n = numbers_of(name, {"wrn", "-"}); !n.empty() && within(n[0], 10, 202) && n[0] % 6 == 4 && within(n[1], 1, 32)) {
    return wide_residual_network(std::move(layers), (n[0] - 4) / 6, n[1], classes);
  }
  if (const auto n = numbers_of(name, {"mlp", "x"}); !n.empty() && within(n[0], 2, 64) && within(n[1], 1, 8192)) {
    return perceptron(std::move(layers), n[0] - 1, n[1], classes);
  }
  throw InputError(fmt::format("architecture '{}': allowed are {}", name, architecture_names));
}

}  // namespace ballast::graph
