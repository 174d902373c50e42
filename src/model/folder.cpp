// SPDX-License-Identifier: Apache-2.0

#include "ballast/model/folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "ballast/core/errors.hpp"
#include "ballast/core/input_file.hpp"

namespace ballast::model {
namespace {

using Json = nlohmann::json;

constexpr std::uintmax_t largest_config = 1 << 24;
constexpr int most_depth = 64;
constexpr int largest_side = 1 << 14;
constexpr double greatest_byte = 255;
constexpr double usual_rescale = 1 / greatest_byte;
constexpr int plain_resize_from = 384;  // ConvNeXt's processor cuts nothing off images of this size and more

// Numbers of Pillow's filters.
constexpr std::array<std::string_view, 6> filters{"nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"};

// Deep nesting would end the parser's own stack.
bool is_too_deep(const std::string& text) {
  int depth = 0, deepest = 0;
  for (const char c : text) {
    depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
    deepest = std::max(deepest, depth);
  }
  return deepest > most_depth;
}

Json parsed(const std::filesystem::path& file) {
  const std::string text = read_whole(file, largest_config);
  const Json document = is_too_deep(text) ? Json(Json::value_t::discarded) : Json::parse(text, nullptr, false);
  require(document.is_object(), fmt::format("{}: not a JSON object", file.string()));
  return document;
}

bool is_there(const std::filesystem::path& file) {
  std::error_code unknown;
  return std::filesystem::is_regular_file(file, unknown);
}

// An entry that is there and not null.
const Json* entry(const Json& document, const char* name) {
  const auto found = document.find(name);
  return found == document.end() || found->is_null() ? nullptr : &*found;
}

bool flag(const Json& document, const char* name, bool otherwise) {
  const Json* found = entry(document, name);
  if (found == nullptr) return otherwise;
  require(found->is_boolean(), fmt::format("{} must be true or false", name));
  return found->get<bool>();
}

double number(const Json& value, const std::string& name) {
  require(value.is_number() && std::isfinite(value.get<double>()), fmt::format("{} must be a number", name));
  return value.get<double>();
}

int side(const Json& value, const std::string& name) {
  require(value.is_number_integer() && value.get<double>() >= 1 && value.get<double>() <= largest_side,
          fmt::format("{} must be a whole number from 1 to {}", name, largest_side));
  return value.get<int>();
}

std::vector<double> numbers(const Json& value, const std::string& name) {
  require(value.is_array() && !value.empty() && value.size() <= 4, fmt::format("{} must be a list of numbers, one a channel", name));
  std::vector<double> list;
  for (const Json& one : value) list.push_back(number(one, name));
  return list;
}

std::string type_of(const Json& document) {
  for (const char* name : {"image_processor_type", "feature_extractor_type"}) {
    if (const Json* found = entry(document, name); found != nullptr && found->is_string()) return found->get<std::string>();
  }
  return "";
}

std::string filter_of(const Json& document) {
  const Json* found = entry(document, "resample");
  require(found != nullptr, "resample is not there: the filter that images are resized by");
  const bool known = found->is_number_integer() && found->get<double>() >= 0 && found->get<double>() < static_cast<double>(filters.size());
  require(known, fmt::format("resample is {}; 0 to {} are known", found->dump(), filters.size() - 1));
  return std::string(filters[found->get<std::size_t>()]);
}

// A size that is one number means a square to some processors, and the shorter side to others.
bool is_square_processor(const std::string& type) {
  return type.starts_with("ViT") || type.starts_with("DeiT") || type.starts_with("Beit") || type.starts_with("Swin");
}
bool is_shorter_side_processor(const std::string& type) {
  return type.starts_with("ConvNext") || type.starts_with("CLIP") || type.starts_with("MobileNet") || type.starts_with("PoolFormer");
}

Resizing size_of(const Json& size, const std::string& type) {
  if (size.is_number()) {
    require(is_square_processor(type) || is_shorter_side_processor(type),
            fmt::format("size is one number, and what '{}' means by it is not known; height and width, or shortest_edge, are", type));
    const int length = side(size, "size");
    return {length, is_square_processor(type) ? length : 0, ""};
  }
  require(size.is_object(), "size must be a number or an object");
  if (const Json* shorter = entry(size, "shortest_edge"); shorter != nullptr && entry(size, "longest_edge") == nullptr)
    return {side(*shorter, "size.shortest_edge"), 0, ""};
  const Json *height = entry(size, "height"), *width = entry(size, "width");
  require(height != nullptr && width != nullptr, fmt::format("size is {}; shortest_edge, or height and width, are known", size.dump()));
  return {side(*height, "size.height"), side(*width, "size.width"), ""};
}

int crop_of(const Json& document) {
  const Json* size = entry(document, "crop_size");
  require(size != nullptr, "crop_size is not there, and do_center_crop is true");
  if (size->is_number()) return side(*size, "crop_size");
  const Json *height = size->is_object() ? entry(*size, "height") : nullptr, *width = size->is_object() ? entry(*size, "width") : nullptr;
  require(height != nullptr && width != nullptr && *height == *width, fmt::format("crop_size is {}; a square is supported", size->dump()));
  return side(*height, "crop_size.height");
}

// What is asked for and cannot be done.
void require_possible(const Json& document) {
  for (const char* name : {"do_pad", "do_flip_channel_order", "do_thumbnail", "do_align_long_axis", "rescale_offset", "offset"}) {
    const Json* found = entry(document, name);
    require(found == nullptr || *found == false, fmt::format("{} is {}, which is not supported", name, found ? found->dump() : ""));
  }
}

void take_sizes(const Json& document, Preprocessing& result) {
  const std::string type = type_of(document);
  if (flag(document, "do_resize", true)) {
    const Json* size = entry(document, "size");
    require(size != nullptr, "size is not there, and do_resize is true");
    Resizing resizing = size_of(*size, type);
    resizing.interpolation = filter_of(document);
    // ConvNeXt's way: the shorter side a little longer, and that cut off again.
    if (const Json* share = entry(document, "crop_pct"); share != nullptr && resizing.width == 0) {
      const double kept = number(*share, "crop_pct");
      require(kept > 0 && kept <= 1, fmt::format("crop_pct is {}; above 0 to 1 is allowed", kept));
      const int wanted = resizing.height;
      if (wanted < plain_resize_from) {
        resizing.height = static_cast<int>(wanted / kept);
        result.crop = wanted;
      } else {
        resizing.width = wanted;
      }
    }
    result.resizing = resizing;
  }
  if (flag(document, "do_center_crop", false)) result.crop = crop_of(document);
}

void take_values(const Json& document, Preprocessing& result) {
  if (flag(document, "do_rescale", true)) {
    const Json* factor = entry(document, "rescale_factor");
    result.input_scale = greatest_byte * (factor != nullptr ? number(*factor, "rescale_factor") : usual_rescale);
    if (std::abs(result.input_scale - 1) < 1e-12) result.input_scale = 1;
    require(result.input_scale > 0, "rescale_factor must be above 0");
  } else {
    result.input_scale = greatest_byte;
  }
  if (!flag(document, "do_normalize", true)) return;
  const Json *mean = entry(document, "image_mean"), *deviation = entry(document, "image_std");
  require(mean != nullptr && deviation != nullptr, "image_mean and image_std are not there, and do_normalize is true");
  result.mean = numbers(*mean, "image_mean");
  result.deviation = numbers(*deviation, "image_std");
}

Preprocessing of_processor(const Json& document) {
  Preprocessing result;
  require_possible(document);
  take_sizes(document, result);
  take_values(document, result);
  return result;
}

// timm says how a network was trained.
Preprocessing of_timm(const Json& document) {
  Preprocessing result;
  const Json* input = entry(document, "input_size");
  require(input != nullptr && input->is_array() && input->size() == 3 && (*input)[1] == (*input)[2],
          "pretrained_cfg.input_size must be channels, height and width, of a square");
  const int wanted = side((*input)[1], "pretrained_cfg.input_size");
  const Json *share = entry(document, "crop_pct"), *filter = entry(document, "interpolation"), *mode = entry(document, "crop_mode");
  require(mode == nullptr || *mode == "center",
          fmt::format("pretrained_cfg.crop_mode is {}; center is supported", mode ? mode->dump() : ""));
  const double kept = share != nullptr ? number(*share, "pretrained_cfg.crop_pct") : 1;
  require(kept > 0 && kept <= 1, fmt::format("pretrained_cfg.crop_pct is {}; above 0 to 1 is allowed", kept));
  const std::string name = filter != nullptr && filter->is_string() ? filter->get<std::string>() : "bilinear";
  require(std::count(filters.begin(), filters.end(), name) > 0,
          fmt::format("pretrained_cfg.interpolation is '{}', which is not known", name));
  result.resizing = Resizing{static_cast<int>(std::floor(wanted / kept)), 0, name};
  result.crop = wanted;
  if (const Json* mean = entry(document, "mean")) result.mean = numbers(*mean, "pretrained_cfg.mean");
  if (const Json* deviation = entry(document, "std")) result.deviation = numbers(*deviation, "pretrained_cfg.std");
  require(result.mean.size() == result.deviation.size(), "pretrained_cfg.mean and std go together");
  return result;
}

// What is wrong in a file is said with its name.
template <typename Read>
auto in_file(const std::filesystem::path& file, Read&& read) {
  try {
    return read();
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", file.string(), error.what()));
  }
}

std::string joined(const std::vector<double>& values) { return fmt::format("{}", fmt::join(values, ",")); }

}  // namespace

ModelFolder read_model_folder(const std::filesystem::path& folder) {
  ModelFolder result;
  for (const auto& file : {folder / "model.onnx", folder / "onnx" / "model.onnx"}) {
    if (result.model.empty() && is_there(file)) result.model = file;
  }
  require(!result.model.empty(), fmt::format("{}: a folder in which neither model.onnx nor onnx/model.onnx lies", folder.string()));
  const auto config = folder / "config.json", processor = folder / "preprocessor_config.json";
  if (is_there(config)) {
    const Json document = parsed(config);
    if (const Json* names = entry(document, "id2label")) {
      result.class_names = in_file(config, [&] {
        auto list = class_names_in(names->dump());
        require(!list.empty(), "id2label must have a name for each number from 0 on");
        return list;
      });
    }
    if (const Json* timm = entry(document, "pretrained_cfg"); timm != nullptr && timm->is_object() && !is_there(processor))
      result.preprocessing = in_file(config, [&] { return of_timm(*timm); });
  }
  if (is_there(processor)) {
    const Json document = parsed(processor);
    result.preprocessing = in_file(processor, [&] { return of_processor(document); });
  }
  return result;
}

std::string to_string(const Preprocessing& preprocessing) {
  std::vector<std::string> steps;
  if (const auto& resizing = preprocessing.resizing) {
    const std::string size = resizing->width > 0 ? fmt::format("{} x {}", resizing->height, resizing->width)
                                                 : fmt::format("shorter side of {}", resizing->height);
    steps.push_back(fmt::format("resized to {} ({})", size, resizing->interpolation));
  }
  if (preprocessing.crop) steps.push_back(fmt::format("crop of {} x {}", *preprocessing.crop, *preprocessing.crop));
  if (preprocessing.input_scale != 1) steps.push_back(fmt::format("pixels of 0 to {:.6g}", preprocessing.input_scale));
  if (!preprocessing.mean.empty())
    steps.push_back(fmt::format("mean {}, std {}", joined(preprocessing.mean), joined(preprocessing.deviation)));
  return steps.empty() ? "images as they are" : fmt::format("{}", fmt::join(steps, ", "));
}

}  // namespace ballast::model
