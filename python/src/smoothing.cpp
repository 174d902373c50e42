// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/model/callback_classifier.hpp"
#include "bindings.hpp"
#include "columns.hpp"
#include "kept_noise.hpp"
#include "model.hpp"
#include "request.hpp"
#include "rows.hpp"
#include "watched.hpp"

namespace ballast::python {
namespace {

namespace py = pybind11;
using LabelArray = py::array_t<Label, py::array::c_style>;

py::dict columns_for(const std::vector<log::Record>& rows, const Request& request, bool labelled) {
  auto names = column_names(log::kind_of(request.settings.method));
  if (!labelled) std::erase_if(names, [](const std::string& name) { return name == "label" || name == "correct"; });
  return columns_of(rows, names);
}

void check_classes(std::optional<int> wanted, const Model& model, const model::Classifier& classifier) {
  require(!wanted || *wanted == classifier.classes(),
          fmt::format("num_classes = {}: {} has {}", wanted.value_or(0), model.file(), classifier.classes()));
}

// The seed may be left out: then it is derived.
py::dict rows_by_model(Model& model, const py::array& array, const Labels& labels, const Request& request,
                       std::optional<std::uint64_t> seed, std::uint32_t first, int threads, std::optional<int> classes, KeptNoise& kept) {
  const Images images(array);
  std::vector<log::Record> rows;
  {
    const py::gil_scoped_release free;
    images.require_unit_pixels();
    const Draws draws{seed ? *seed : derived_seed(model, images, request), first};
    run_watched([&](const std::atomic<bool>& stop) {
      model.with_team(images.shape(), threads, [&](smooth::Workers& workers) {
        check_classes(classes, model, workers.classifier());
        rows = rows_of(workers, images, labels, request, draws, kept, stop);
      });
    });
  }
  return columns_for(rows, request, labels.has_value());
}

// Gives the function copies of its own, since it may keep them.
void ask(const py::function& function, const ImageShape& shape, std::span<const float> images, std::span<Label> labels) {
  const py::gil_scoped_acquire gil;
  const std::vector<std::size_t> sides{labels.size(), static_cast<std::size_t>(shape.channels), static_cast<std::size_t>(shape.height),
                                       static_cast<std::size_t>(shape.width)};
  const LabelArray answer = function(py::array_t<float>(sides, images.data())).cast<LabelArray>();
  require(answer.size() == static_cast<py::ssize_t>(labels.size()),
          fmt::format("the classifier returned {} labels for {} images", answer.size(), labels.size()));
  std::copy_n(answer.data(), labels.size(), labels.begin());
}

// In the calling thread, as a function of Python's may depend on it.
py::dict rows_by_function(const py::function& function, const py::array& array, const Labels& labels, const Request& request,
                          std::uint64_t seed, std::uint32_t first, int classes, int batch_size, KeptNoise& kept) {
  const Images images(array);
  const auto classifier =
      model::classifier_from([&](std::span<const float> batch, std::span<Label> answers) { ask(function, images.shape(), batch, answers); },
                             images.shape(), classes, batch_size);
  std::vector<log::Record> rows;
  {
    const py::gil_scoped_release free;
    const auto session = classifier->new_session();
    smooth::Soloist crew(*classifier, *session);
    rows = rows_of(crew, images, labels, request, {seed, first}, kept, std::atomic<bool>(false));
  }
  return columns_for(rows, request, labels.has_value());
}

void add_requests(py::module_& module) {
  py::class_<Request>(module, "Request").def_property_readonly("scale", [](const Request& request) {
    return request.settings.smoothing.scale;
  });
  module.def(
      "certify_request",
      [](std::optional<double> sigma, std::optional<double> lambda, std::string noise, std::uint64_t n0, std::uint64_t n, double alpha,
         std::vector<double> radii, std::optional<double> tolerance, bool labelled, double futility, std::string bound,
         std::string selection, bool family_wise) {
        return certify_request({{sigma, lambda, std::move(noise)},
                                n0,
                                n,
                                alpha,
                                std::move(radii),
                                tolerance,
                                labelled,
                                futility,
                                std::move(bound),
                                std::move(selection),
                                family_wise});
      },
      py::kw_only(), py::arg("sigma"), py::arg("lambda_"), py::arg("noise"), py::arg("n0"), py::arg("n"), py::arg("alpha"),
      py::arg("radii"), py::arg("tolerance"), py::arg("labelled"), py::arg("futility"), py::arg("bound"), py::arg("selection"),
      py::arg("family_wise"));
  module.def(
      "predict_request",
      [](std::optional<double> sigma, std::optional<double> lambda, std::string noise, std::uint64_t n, double alpha) {
        return predict_request({sigma, lambda, std::move(noise)}, n, alpha);
      },
      py::kw_only(), py::arg("sigma"), py::arg("lambda_"), py::arg("noise"), py::arg("n"), py::arg("alpha"));
}

}  // namespace

void add_smoothing(py::module_& module) {
  add_requests(module);
  py::class_<KeptNoise>(module, "KeptNoise").def(py::init<>());
  py::class_<Model>(module, "Model")
      .def(py::init([](std::string file, const std::string& engine, const std::string& precision, const std::string& layout,
                       double input_scale, std::vector<double> mean, std::vector<double> std) {
             const auto options = model_options(engine, precision, layout, input_scale, std::move(mean), std::move(std));
             const py::gil_scoped_release free;
             return std::make_unique<Model>(std::move(file), options);
           }),
           py::arg("file"), py::arg("engine"), py::arg("precision"), py::arg("layout"), py::arg("input_scale"), py::arg("mean"),
           py::arg("std"))
      .def_property_readonly("file", &Model::file)
      .def_property_readonly("sha256", &Model::sha256);
  module.def("rows_by_model", &rows_by_model, py::arg("model"), py::arg("images"), py::arg("labels"), py::arg("request"), py::arg("seed"),
             py::arg("first"), py::arg("threads"), py::arg("classes"), py::arg("noise"));
  module.def("rows_by_function", &rows_by_function, py::arg("function"), py::arg("images"), py::arg("labels"), py::arg("request"),
             py::arg("seed"), py::arg("first"), py::arg("classes"), py::arg("batch_size"), py::arg("noise"));
}

}  // namespace ballast::python
