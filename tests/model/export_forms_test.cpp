// SPDX-License-Identifier: Apache-2.0
//
// Every engine against the outputs of another program on the forms in which people export networks.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "ballast/graph/onnx.hpp"
#include "test_models.hpp"

namespace ballast::model::export_forms_test {
namespace {

constexpr double fp32_tolerance = 1e-4;    // of the largest value: sums in another order
constexpr double narrow_tolerance = 1e-2;  // where the other program computes in half precision, bfloat16 or whole numbers
constexpr std::size_t forms_known = 28;    // external data lies in a file of its own

struct Form {
  std::string name;
  std::filesystem::path file;
  std::vector<std::int64_t> input_dims, output_dims;
  std::vector<double> values;
  bool takes_bytes = false;

  bool is_narrow() const { return name.starts_with("fp16") || name.starts_with("bf16") || name.starts_with("int8"); }
  bool gives_labels() const { return name.starts_with("head_argmax") || name.starts_with("head_topk"); }
  bool gives_one_score() const { return name.starts_with("binary"); }
  ImageShape shape() const {
    const auto at = [&](std::size_t i) { return static_cast<int>(input_dims[i]); };
    return {at(1), at(2), at(3)};
  }
};

std::vector<Form> forms() {
  std::vector<Form> all;
  std::ifstream in(shared_folder() / "reference" / "onnx_forms.json");
  if (!in) return all;
  const auto document = nlohmann::json::parse(in);
  for (const auto& [name, entry] : document["models"].items()) {
    all.push_back({name, shared_folder() / "models" / "forms" / name, entry["input_dims"], entry["output_dims"], entry["values"],
                   entry["input_type"] == "uint8"});
  }
  return all;
}

// What the other program's output holds, from our scores.
std::vector<double> values_of(const Form& form, std::span<const float> scores, std::size_t classes) {
  std::vector<double> values;
  for (std::size_t i = 0; i < scores.size(); i += classes) {
    const auto of_image = scores.subspan(i, classes);
    if (form.gives_labels()) values.push_back(label_of(of_image));
    else if (form.gives_one_score()) values.push_back(static_cast<double>(of_image[1]));
    else values.insert(values.end(), of_image.begin(), of_image.end());
  }
  return values;
}

void write_image(const Form& form, const Classifier& classifier, const InputBuffer& buffer, std::size_t image) {
  if (!form.takes_bytes) return write_formula(buffer, classifier.affine(), false, image, image);
  // Bytes are pixels times 255; the formula makes them of its values times 256, rounded down.
  const auto as_pixel = [](float value) { return std::floor(value * 256) / 255; };
  write_formula(buffer, classifier.affine(), false, image, image, as_pixel);
}

void compare(const Form& form, Engine engine) {
  SCOPED_TRACE(form.name);
  const auto classifier = open_classifier(form.file, {.shape = form.shape(), .engine = engine, .precision = Precision::fp32});
  const auto session = classifier->new_session();
  const auto images = static_cast<std::size_t>(form.input_dims[0]), classes = static_cast<std::size_t>(classifier->classes());
  for (std::size_t i = 0; i < images; ++i) write_image(form, *classifier, session->input(), i);
  const auto values = values_of(form, session->scores(static_cast<int>(images)), classes);
  ASSERT_GE(values.size(), form.values.size());
  double largest = 0;
  for (const double value : form.values) largest = std::max(largest, std::abs(value));
  const double tolerance = form.gives_labels() ? 0 : (form.is_narrow() ? narrow_tolerance : fp32_tolerance) * largest;
  for (std::size_t i = 0; i < form.values.size(); ++i) ASSERT_NEAR(values[i], form.values[i], tolerance) << "value " << i;
}

void compare_all(Engine engine) {
  const auto all = forms();
  if (all.empty()) GTEST_SKIP() << "the shared folder with export forms is absent";
  EXPECT_GE(all.size(), forms_known);
  for (const Form& form : all) {
    try {
      compare(form, engine);
    } catch (const std::exception& error) {
      ADD_FAILURE() << form.name << ": " << error.what();
    }
  }
}

TEST(Onednn, GivesTheOutputsOfOnnxRuntimeForEveryExportForm) { compare_all(Engine::onednn); }

TEST(Aten, GivesTheOutputsOfOnnxRuntimeForEveryExportForm) {
  if (!has_aten()) GTEST_SKIP() << "this build has no LibTorch";
  compare_all(Engine::aten);
}

}  // namespace
}  // namespace ballast::model::export_forms_test
