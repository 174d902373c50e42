// SPDX-License-Identifier: Apache-2.0

#include "ballast/data/class_match.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <utility>

#include "ballast/core/errors.hpp"
#include "class_labels.hpp"
#include "known_classes.hpp"

namespace ballast::data {
namespace {

constexpr std::size_t shown_names = 3;
constexpr Label ambiguous = -1;

std::string simplified(const std::string& name) {
  std::string plain;
  for (const char c : name) {
    const auto letter = static_cast<unsigned char>(c);
    if (c != ' ' && c != '-' && c != '_' && c != '\'') plain += static_cast<char>(std::tolower(letter));
  }
  return plain;
}

// The ways in which a model's name may be meant: whole, each part between commas, and its first word where that is a WordNet id.
std::vector<std::string> ways(const std::string& name) {
  std::vector<std::string> all{simplified(name)};
  for (std::size_t begin = 0, end = 0; end != std::string::npos; begin = end + 1) {
    end = name.find(',', begin);
    const std::string part = simplified(name.substr(begin, end == std::string::npos ? end : end - begin));
    if (!part.empty() && part != all.front()) all.push_back(part);
  }
  const std::string first = name.substr(0, name.find_first_of(" ,\t"));
  if (is_wordnet_id(first) && first != name) all.push_back(first);
  return all;
}

std::map<std::string, Label> places_of(const std::vector<std::string>& names) {
  std::map<std::string, Label> places;
  // A whole name goes before a part of another.
  for (const bool whole : {true, false}) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto all = ways(names[i]);
      for (std::size_t k = whole ? 0 : 1; k < (whole ? 1 : all.size()); ++k) {
        const auto [place, is_new] = places.emplace(all[k], static_cast<Label>(i));
        if (!is_new && whole) place->second = ambiguous;
      }
    }
  }
  return places;
}

// As they are written, where that is one class's alone.
std::map<std::string, Label> exact_places_of(const std::vector<std::string>& names) {
  std::map<std::string, Label> places;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto [place, is_new] = places.emplace(names[i], static_cast<Label>(i));
    if (!is_new) place->second = ambiguous;
  }
  return places;
}

// As it is written, else simplified.
std::optional<Label> place_in(const std::map<std::string, Label>& exact, const std::map<std::string, Label>& simple,
                              const std::string& name) {
  if (const auto found = exact.find(name); found != exact.end() && found->second != ambiguous) return found->second;
  const auto found = simple.find(simplified(name));
  return found == simple.end() ? std::nullopt : std::optional(found->second);
}

std::string some_of(const std::vector<std::string>& names) {
  const std::vector<std::string> first(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(shown_names, names.size())));
  return fmt::format("{}{}", fmt::join(first, ", "), names.size() > shown_names ? ", ..." : "");
}

// Its place among the classes of a model of ImageNet.
std::optional<Label> by_wordnet_id(const std::string& name, int model_classes) {
  if (model_classes != imagenet_classes && model_classes != imagenet_classes + 1) return {};
  const auto place = imagenet_class(name);
  return place ? std::optional(*place + (model_classes - imagenet_classes)) : std::nullopt;
}

std::vector<Label> one_after_another(const std::vector<std::string>& data, int model_classes) {
  require(
      static_cast<int>(data.size()) == model_classes,
      fmt::format("the data has {} classes ({}) and the model {}: which is which is not known; name the model's classes in their order by "
                  "--class-names FILE",
                  data.size(), some_of(data), model_classes));
  std::vector<Label> classes;
  for (Label i = 0; i < model_classes; ++i) classes.push_back(i);
  return classes;
}

class Relabelled final : public Dataset {
 public:
  Relabelled(std::unique_ptr<Dataset> dataset, std::vector<Label> classes_of, int classes)
      : dataset_(std::move(dataset)), classes_of_(std::move(classes_of)), classes_(classes) {}

  std::size_t size() const override { return dataset_->size(); }
  Example at(std::size_t index) const override {
    Example example = dataset_->at(index);
    example.label = classes_of_.at(static_cast<std::size_t>(example.label));
    return example;
  }
  Label label(std::size_t index) const override { return classes_of_.at(static_cast<std::size_t>(dataset_->label(index))); }
  int classes() const override { return classes_; }
  bool is_8bit() const override { return dataset_->is_8bit(); }
  Fitting fitting() const override { return dataset_->fitting(); }
  std::optional<ImageShape> shape() const override { return dataset_->shape(); }
  std::string sha256() const override { return dataset_->sha256(); }

 private:
  std::unique_ptr<Dataset> dataset_;
  std::vector<Label> classes_of_;
  int classes_;
};

class WithClassName final : public Dataset {
 public:
  WithClassName(std::unique_ptr<Dataset> image, std::string name) : image_(std::move(image)), name_(std::move(name)) {}

  std::size_t size() const override { return image_->size(); }
  Example at(std::size_t index) const override { return image_->at(index); }
  Label label(std::size_t index) const override { return image_->label(index); }
  int classes() const override { return 1; }
  std::vector<std::string> class_names() const override { return {name_}; }
  bool labelled_by_name() const override { return true; }
  bool is_8bit() const override { return image_->is_8bit(); }
  Fitting fitting() const override { return image_->fitting(); }
  bool repeats_gray() const override { return image_->repeats_gray(); }
  std::optional<ImageShape> shape() const override { return image_->shape(); }
  std::string sha256() const override { return image_->sha256(); }

 private:
  std::unique_ptr<Dataset> image_;
  std::string name_;
};

}  // namespace

std::vector<Label> match_classes(const std::vector<std::string>& data, const std::vector<std::string>& model, int model_classes) {
  const bool has_ids =
      std::all_of(data.begin(), data.end(), [&](const std::string& name) { return by_wordnet_id(name, model_classes).has_value(); });
  if (model.empty() && !has_ids) return one_after_another(data, model_classes);
  const auto exact = exact_places_of(model), places = places_of(model);
  std::vector<Label> classes;
  for (const std::string& name : data) {
    const auto found = place_in(exact, places, name);
    if (!found) {
      const auto place = by_wordnet_id(name, model_classes);
      require(place.has_value(), fmt::format("the data's class '{}' is none of the model's ({}); its folder must have the name of one, or "
                                             "--class-names FILE name the model's otherwise",
                                             name, some_of(model)));
      classes.push_back(*place);
      continue;
    }
    require(*found != ambiguous,
            fmt::format("the data's class '{}' is the name of several of the model's classes; a WordNet id tells those of ImageNet apart",
                        name));
    classes.push_back(*found);
  }
  return classes;
}

std::unique_ptr<Dataset> relabelled(std::unique_ptr<Dataset> dataset, std::vector<Label> classes_of, int classes) {
  return std::make_unique<Relabelled>(std::move(dataset), std::move(classes_of), classes);
}

std::unique_ptr<Dataset> with_class_name(std::unique_ptr<Dataset> image, std::string name) {
  return std::make_unique<WithClassName>(std::move(image), std::move(name));
}

}  // namespace ballast::data
