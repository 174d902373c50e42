// SPDX-License-Identifier: Apache-2.0
//
// The machine's practical peak: a large matrix product by oneDNN itself.

#include <algorithm>
#include <chrono>
#include <cstring>
#include <future>
#include <vector>

#include "../single_thread.hpp"
#include "ballast/model/open.hpp"
#include "primitives.hpp"

namespace ballast::model {
namespace {

constexpr std::int64_t matrix_side = 1024;
constexpr int repetitions = 20, rounds = 5;

// Of two matrices of these types, into whole numbers where they are bytes.
struct Product {
  dnnl::memory::data_type left, right, result;
};

double gflops_of_one_thread(const Product& types) {
  const SingleThread single;
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  const auto desc = [](dnnl::memory::data_type type, dnnl::memory::format_tag tag) {
    return dnnl::memory::desc({matrix_side, matrix_side}, type, tag);
  };
  const auto rows = dnnl::memory::format_tag::ab;
  const auto product = onednn::describe_matmul(engine, desc(types.left, rows), desc(types.right, dnnl::memory::format_tag::any),
                                               desc(types.result, rows), {});
  const dnnl::memory a(product.src_desc(), engine), b(product.weights_desc(), engine), c(product.dst_desc(), engine);
  for (const dnnl::memory& m : {a, b, c}) std::fill_n(static_cast<char*>(m.get_data_handle()), m.get_desc().get_size(), 0);
  const dnnl::primitive primitive = onednn::make_primitive(product);
  const auto run = [&] { primitive.execute(stream, {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, c}}); };
  run();
  double best = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < repetitions; ++i) run();
    stream.wait();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    best = std::max(best, 2e-9 * repetitions * static_cast<double>(matrix_side * matrix_side * matrix_side) / taken.count());
  }
  return best;
}

}  // namespace

double peak_gflops(Precision precision, int threads) {
  using Type = dnnl::memory::data_type;
  const bool bf16 = precision == Precision::bf16 || (precision == Precision::automatic && has_bf16());
  const Product types = precision == Precision::int8 ? Product{Type::u8, Type::s8, Type::s32}
                        : bf16                       ? Product{Type::bf16, Type::bf16, Type::bf16}
                                                     : Product{Type::f32, Type::f32, Type::f32};
  std::vector<std::future<double>> rates;
  for (int i = 0; i < threads; ++i) rates.push_back(std::async(std::launch::async, gflops_of_one_thread, types));
  double total = 0;
  for (std::future<double>& rate : rates) total += rate.get();
  return total;
}

double copied_gigabytes(std::size_t bytes) {
  const std::size_t half = std::max<std::size_t>(bytes / 2, 1 << 12);
  const auto count = static_cast<int>(std::max<std::size_t>((std::size_t{1} << 28) / half, 1));
  std::vector<char> from(half, 1), to(half);
  double best = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < count; ++i) std::memcpy((i % 2 ? from : to).data(), (i % 2 ? to : from).data(), half);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    best = std::max(best, 2e-9 * count * static_cast<double>(half) / taken.count());
  }
  return best;
}

}  // namespace ballast::model
