// SPDX-License-Identifier: Apache-2.0
//
// The oneDNN engine as a classifier.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <set>
#include <variant>

#include "../prepared.hpp"
#include "../scoring_session.hpp"
#include "../single_thread.hpp"
#include "ballast/core/errors.hpp"
#include "plan.hpp"
#include "primitives.hpp"

namespace ballast::model {
namespace {

using onednn::Constants;
using onednn::Plan;

// Small enough for the caches, large enough for the kernels; both divide the usual numbers of samples (100, 10,000, 100,000).
constexpr int usual_micro_batch = 20, micro_batch_of_large_images = 5;
constexpr std::int64_t large_value = std::int64_t{1} << 19;  // elements of an image, in the widest place of a network

int best_micro_batch(const graph::Graph& graph) {
  std::int64_t widest = 0;
  for (const graph::Node& node : graph.nodes) widest = std::max(widest, graph::elements(graph.dims(node.output)));
  return widest > large_value ? micro_batch_of_large_images : usual_micro_batch;
}

// Counts the changes in what becomes of a network that may change a score's last bit, so that no log goes on with another arithmetic.
constexpr int plan_number = 4;

constexpr int profiled_rounds = 10;

onednn::Arithmetic arithmetic_of(Precision precision) {
  const bool bf16 = precision == Precision::bf16 || (precision == Precision::int8 && has_bf16());
  return {bf16 ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32, precision == Precision::int8};
}

class OnednnSession : public ScoringSession {
 public:
  OnednnSession(const Prepared& model, Precision precision, int micro_batch, Constants& constants)
      : ScoringSession(micro_batch, model.classes), plan_(model, arithmetic_of(precision), micro_batch, constants) {}

  InputBuffer input() override { return plan_.input(); }

  std::span<const float> scores(int count) override {
    const SingleThread single;
    plan_.run();
    return first_scores(plan_.scores(), count);
  }

  Plan& plan() { return plan_; }

 private:
  Plan plan_;
};

std::string isa_name() {
  switch (dnnl::get_effective_cpu_isa()) {
    case dnnl::cpu_isa::sse41: return "sse41";
    case dnnl::cpu_isa::avx: return "avx";
    case dnnl::cpu_isa::avx2: return "avx2";
    case dnnl::cpu_isa::avx2_vnni: return "avx2_vnni";
    case dnnl::cpu_isa::avx512_core: return "avx512_core";
    case dnnl::cpu_isa::avx512_core_vnni: return "avx512_core_vnni";
    case dnnl::cpu_isa::avx512_core_bf16: return "avx512_core_bf16";
    case dnnl::cpu_isa::avx512_core_amx: return "avx512_core_amx";
    default: return fmt::format("isa_{:#x}", static_cast<unsigned>(dnnl::get_effective_cpu_isa()));
  }
}

// oneDNN writes the code of its matrix products when one is first run, in whichever thread, and does not survive that there is no memory
// for it. So a small one is run before there are others.
void run_first_product(dnnl::memory::data_type type) {
  using dnnl::memory;
  const memory::dims square{32, 32};
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  const auto desc = [&](memory::data_type of, memory::format_tag tag) { return memory::desc(square, of, tag); };
  const auto product = onednn::describe_inner_product(engine, desc(type, memory::format_tag::ab), desc(type, memory::format_tag::any), {},
                                                      desc(memory::data_type::f32, memory::format_tag::ab), {});
  const memory a(product.src_desc(), engine), b(product.weights_desc(), engine), c(product.dst_desc(), engine);
  for (const memory& m : {a, b, c}) std::memset(m.get_data_handle(), 0, m.get_desc().get_size());
  dnnl::stream stream(engine);
  onednn::make_primitive(product).execute(stream, {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, c}});
  stream.wait();
}

class OnednnClassifier : public Classifier {
 public:
  OnednnClassifier(Prepared model, Precision precision, int micro_batch)
      : model_(std::move(model)), precision_(precision), micro_batch_(micro_batch) {
    const SingleThread single;
    run_first_product(arithmetic_of(precision_).type);
    OnednnSession trial(model_, precision_, micro_batch_, constants_);  // an operation that cannot be run is refused here, not in a worker
    release_weights();
    steps_ = trial.plan().description();
    working_bytes_ = trial.plan().working_bytes();
  }

  ImageShape image_shape() const override { return model_.shape; }
  int classes() const override { return model_.classes; }
  std::vector<ChannelAffine> affine() const override { return model_.affine; }
  std::unique_ptr<Session> new_session() const override {
    const SingleThread single;
    return planned_alike();
  }
  std::string engine() const override {
    const dnnl_version_t& version = *dnnl_version();  // of the library that runs, not of its headers
    return fmt::format("onednn {}.{}.{}, plan {}", version.major, version.minor, version.patch, plan_number);
  }
  std::string precision() const override { return std::string(precision_names.of(precision_)); }
  std::string instruction_set() const override { return isa_name(); }
  std::vector<std::string> plan() const override {
    std::vector<std::string> lines = steps_;
    lines.push_back(fmt::format("working memory of one thread: {:.1f} MB for a micro-batch of {}",
                                static_cast<double>(working_bytes_) / 1e6, micro_batch_));
    return lines;
  }
  Profile profile() const override {
    const SingleThread single;
    const auto session = planned_alike();
    return {session->plan().profile(profiled_rounds), micro_batch_, session->plan().working_bytes()};
  }

 private:
  // With the trial's kernels: where memory is short the library may turn to others, which read weights in another form and round otherwise.
  std::unique_ptr<OnednnSession> planned_alike() const {
    auto session = std::make_unique<OnednnSession>(model_, precision_, micro_batch_, constants_);
    if (session->plan().description() != steps_) throw std::bad_alloc();
    return session;
  }

  // The weights of layers, which the plans have in a form of their own.
  void release_weights() {
    std::set<graph::ValueId> weights, others{model_.graph.output};
    for (const graph::Node& node : model_.graph.nodes) {
      const bool is_layer =
          std::holds_alternative<graph::Convolution>(node.operation) || std::holds_alternative<graph::Linear>(node.operation);
      for (std::size_t i = 0; i < node.inputs.size(); ++i) (is_layer && i == 1 ? weights : others).insert(node.inputs[i]);
    }
    for (const graph::ValueId id : weights) {
      if (!others.count(id))
        model_.graph.value(id).constant = std::make_shared<const graph::Tensor>(graph::Tensor{model_.graph.dims(id), {}});
    }
  }

  Prepared model_;
  Precision precision_;
  int micro_batch_;
  mutable Constants constants_;     // only read once the trial is over
  std::vector<std::string> steps_;  // of the trial
  std::size_t working_bytes_ = 0;
};

}  // namespace

namespace {

// Whether a layer has whole numbers to multiply.
bool is_quantised(const graph::Graph& graph) {
  return std::any_of(graph.nodes.begin(), graph.nodes.end(), [](const graph::Node& node) {
    const auto* activation = std::get_if<graph::Activation>(&node.operation);
    return activation && activation->kind == graph::Activation::Kind::quantise;
  });
}

// Bytes have no NaN.
bool is_finite(const graph::Graph& graph) {
  return std::all_of(graph.values.begin(), graph.values.end(), [](const graph::Value& value) {
    return !value.constant ||
           std::all_of(value.constant->values.begin(), value.constant->values.end(), [](float number) { return std::isfinite(number); });
  });
}

}  // namespace

bool has_bf16() { return onednn::uses(dnnl::cpu_isa::avx512_core_bf16); }

// Without VNNI, sums of two products of bytes are cut to 16 bits; and it is not known of all kernels for AVX2 that they use it.
bool has_int8() { return onednn::uses(dnnl::cpu_isa::avx512_core_vnni); }

std::unique_ptr<Classifier> onednn_classifier(Prepared model, const ModelOptions& options) {
  Precision precision = options.precision;
  require(precision != Precision::fp16, "precision fp16: is for --device cuda; use fp32, bf16 or auto");
  require(precision != Precision::bf16 || has_bf16(),
          fmt::format("precision bf16: this processor ({}) does not multiply bf16; use fp32 or auto", isa_name()));
  require(
      precision != Precision::int8 || has_int8(),
      fmt::format("precision int8: this processor ({}) does not multiply whole numbers of 8 bits exactly; use fp32 or auto", isa_name()));
  require(precision != Precision::int8 || is_quantised(model.graph),
          "precision int8: nothing in the network is rounded as QuantizeLinear and DequantizeLinear do; `ballast compose int8` makes such "
          "a network of it");
  require(precision != Precision::int8 || is_finite(model.graph), "precision int8: the network holds numbers that are not finite");
  if (precision == Precision::automatic) precision = has_bf16() && !graph::rounds(model.graph) ? Precision::bf16 : Precision::fp32;
  graph::batch_norms_to_binaries(model.graph);
  const int micro_batch = micro_batch_of(options, best_micro_batch(model.graph));
  return std::make_unique<OnednnClassifier>(std::move(model), precision, micro_batch);
}

}  // namespace ballast::model
