// SPDX-License-Identifier: Apache-2.0

#include <fmt/format.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ballast/core/errors.hpp"
#include "ballast/run/describe.hpp"
#include "bindings.hpp"
#include "columns.hpp"
#include "function_executor.hpp"
#include "interruptible.hpp"
#include "model.hpp"
#include "noise_cache.hpp"
#include "request.hpp"
#include "rows.hpp"

namespace ballast::python {
namespace {

namespace py = pybind11;

// Columns, the entries of the manifest (names and values as JSON), and the lines of a log.
py::tuple answer_of(const Rows& rows, bool has_labels) {
  auto names = column_names(rows.kind);
  if (!has_labels) std::erase_if(names, [](const std::string& name) { return name == "label" || name == "correct"; });
  return py::make_tuple(columns_of(rows.rows, names), entries_of(rows.manifest), rows.lines);
}

// From the thread that does the work.
RowsDone calling(const py::object& progress) {
  return [&progress](std::size_t done, std::size_t total) {
    const py::gil_scoped_acquire gil;
    if (!progress.is_none()) progress(done, total);
  };
}

log::Manifest description_of(const Model& model, const model::Classifier& classifier) {
  log::Manifest manifest;
  manifest.add("model", model.file());
  manifest.add("model_sha256", model.sha256());
  for (const auto& [entry, what] : model.reading()) manifest.add(entry, what);
  run::describe(manifest, classifier);
  return manifest;
}

void check_classes(std::optional<int> wanted, const Model& model, const model::Classifier& classifier) {
  require(!wanted || *wanted == classifier.classes(),
          fmt::format("num_classes = {}: {} has {}", wanted.value_or(0), model.file(), classifier.classes()));
}

// The seed may be left out: then it is derived.
py::tuple rows_by_model(Model& model, const py::array& array, const Labels& labels, const Request& request,
                        std::optional<std::uint64_t> seed, std::uint32_t first, int threads, std::optional<int> classes, NoiseCache& cache,
                        std::optional<std::filesystem::path> log, std::optional<std::size_t> before, const py::object& progress) {
  const Images images(array);
  Rows rows;
  {
    const py::gil_scoped_release free;
    images.require_unit_pixels();
    RowsJob job{images, labels, request, {seed ? *seed : derived_seed(model, images, request), first}, {}, std::move(log), before};
    run_watched([&](const std::atomic<bool>& stop) {
      model.with_pool(images.shape(), threads, [&](smooth::ThreadPool& pool) {
        check_classes(classes, model, pool.classifier());
        job.model = description_of(model, pool.classifier());
        rows = rows_of(pool, job, cache, stop, calling(progress));
      });
    });
  }
  return answer_of(rows, labels.has_value());
}

// The function is called in the calling thread, as it may depend on it. name, type: what is said of it in the manifest.
py::tuple rows_by_function(const py::object& function, const std::string& name, const std::string& type, const py::array& array,
                           const Labels& labels, const Request& request, std::uint64_t seed, std::uint32_t first, int classes,
                           int batch_size, int threads, NoiseCache& cache, std::optional<std::filesystem::path> log,
                           std::optional<std::size_t> before, const py::object& progress) {
  const Images images(array);
  FunctionExecutor executor(function, images.shape(), classes, batch_size, threads);
  Rows rows;
  {
    const py::gil_scoped_release free;
    RowsJob job{images, labels, request, {seed, first}, {}, std::move(log), before};
    job.model.add("model", name);
    job.model.add("engine", "a function of Python's");
    job.model.add("precision", type);
    job.model.add("batch_size", static_cast<std::uint64_t>(batch_size));
    rows = rows_of(executor, job, cache, std::atomic<bool>(false), calling(progress));
  }
  return answer_of(rows, labels.has_value());
}

void add_requests(py::module_& module) {
  py::class_<Request>(module, "Request").def_property_readonly("scale", &Request::scale);
  module.def(
      "certify_request",
      [](std::optional<double> sigma, std::optional<double> lambda, std::string noise, std::uint64_t n0, std::uint64_t n, double alpha,
         bool family_wise, std::vector<double> radii, std::optional<double> tolerance, bool anytime, std::optional<double> gain,
         std::optional<std::string> target, std::optional<double> futility, std::string bound, std::string selection) {
        return Request(procedure::CertifyRequest{{std::move(noise), sigma, lambda},
                                                 n0,
                                                 n,
                                                 alpha,
                                                 family_wise,
                                                 std::move(radii),
                                                 tolerance,
                                                 anytime,
                                                 gain,
                                                 std::move(target),
                                                 futility,
                                                 std::move(bound),
                                                 std::move(selection)});
      },
      py::kw_only(), py::arg("sigma"), py::arg("lambda_"), py::arg("noise"), py::arg("n0"), py::arg("n"), py::arg("alpha"),
      py::arg("family_wise"), py::arg("radii"), py::arg("tolerance"), py::arg("anytime"), py::arg("gain"), py::arg("target"),
      py::arg("futility"), py::arg("bound"), py::arg("selection"));
  module.def(
      "predict_request",
      [](std::optional<double> sigma, std::optional<double> lambda, std::string noise, std::uint64_t n, double alpha) {
        return Request(procedure::PredictRequest{{std::move(noise), sigma, lambda}, n, alpha});
      },
      py::kw_only(), py::arg("sigma"), py::arg("lambda_"), py::arg("noise"), py::arg("n"), py::arg("alpha"));
}

}  // namespace

void add_smoothing(py::module_& module) {
  add_requests(module);
  py::class_<NoiseCache>(module, "NoiseCache").def(py::init<>());
  py::class_<Model>(module, "Model")
      .def(py::init([](std::string file, const std::string& engine, const std::string& precision, const std::string& layout,
                       double input_scale, std::vector<double> mean, std::vector<double> std, std::string output,
                       std::optional<double> threshold, std::array<int, 3> input_shape) {
             auto options = model_options(engine, precision, layout, input_scale, std::move(mean), std::move(std));
             options.output = std::move(output);
             options.threshold = threshold;
             options.shape = {input_shape[0], input_shape[1], input_shape[2]};
             const py::gil_scoped_release free;
             return std::make_unique<Model>(std::move(file), options);
           }),
           py::arg("file"), py::arg("engine"), py::arg("precision"), py::arg("layout"), py::arg("input_scale"), py::arg("mean"),
           py::arg("std"), py::arg("output"), py::arg("threshold"), py::arg("input_shape"))
      .def_property_readonly("file", &Model::file)
      .def_property_readonly("sha256", &Model::sha256);
  module.def("rows_by_model", &rows_by_model, py::arg("model"), py::arg("images"), py::arg("labels"), py::arg("request"), py::arg("seed"),
             py::arg("first"), py::arg("threads"), py::arg("classes"), py::arg("noise"), py::arg("log"), py::arg("before"),
             py::arg("progress"));
  module.def("rows_by_function", &rows_by_function, py::arg("function"), py::arg("name"), py::arg("type"), py::arg("images"),
             py::arg("labels"), py::arg("request"), py::arg("seed"), py::arg("first"), py::arg("classes"), py::arg("batch_size"),
             py::arg("threads"), py::arg("noise"), py::arg("log"), py::arg("before"), py::arg("progress"));
}

}  // namespace ballast::python
