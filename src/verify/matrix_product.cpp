// SPDX-License-Identifier: Apache-2.0

#include "matrix_product.hpp"

#include <ATen/Parallel.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

// Compiled several times over; the loader picks the widest that the processor has. The sums are the same.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define BALLAST_WIDEST __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define BALLAST_WIDEST
#endif

namespace ballast::verify {
namespace {

constexpr std::int64_t tile_rows = 6, tile_columns = 8;  // of the product, held in registers
constexpr std::int64_t depth = 256;                      // of a block: a panel of b stays in the first cache
constexpr std::int64_t strip = 16 * tile_rows;           // rows of a that stay in the second cache
constexpr double least_work = 1 << 22;                   // multiplications that are worth another thread

// tile_rows x tile_columns of c += a (rows `a_stride` apart) times a panel (tile_columns numbers for each of `count` steps).
BALLAST_WIDEST void add_tile(const double* a, std::int64_t a_stride, const double* panel, std::int64_t count, double* c,
                             std::int64_t c_stride) {
  double sums[tile_rows][tile_columns] = {};
  for (std::int64_t k = 0; k < count; ++k) {
#pragma GCC unroll 6
    for (std::int64_t i = 0; i < tile_rows; ++i) {
      const double factor = a[i * a_stride + k];
#pragma GCC unroll 8
      for (std::int64_t j = 0; j < tile_columns; ++j) sums[i][j] += factor * panel[k * tile_columns + j];
    }
  }
  for (std::int64_t i = 0; i < tile_rows; ++i) {
    for (std::int64_t j = 0; j < tile_columns; ++j) c[i * c_stride + j] += sums[i][j];
  }
}

struct Sizes3 {
  std::int64_t m, n, k;
};

// Panels of tile_columns columns each, filled up with zeros: steps first ... first + count - 1 of b.
std::vector<double> packed(const double* b, const Sizes3& size, std::int64_t first, std::int64_t count) {
  const std::int64_t panels = (size.n + tile_columns - 1) / tile_columns;
  std::vector<double> result(static_cast<std::size_t>(panels * count * tile_columns));
  for (std::int64_t panel = 0; panel < panels; ++panel) {
    const std::int64_t column = panel * tile_columns, width = std::min(tile_columns, size.n - column);
    for (std::int64_t k = 0; k < count; ++k) {
      std::copy_n(b + (first + k) * size.n + column, width, result.data() + (panel * count + k) * tile_columns);
    }
  }
  return result;
}

// A tile that reaches over the product's edge, by way of whole ones.
void add_edge(const double* a, std::int64_t rows, std::int64_t columns, const Sizes3& size, const double* panel, std::int64_t count,
              double* c) {
  std::vector<double> whole_a(static_cast<std::size_t>(tile_rows * count)), sums(tile_rows * tile_columns);
  for (std::int64_t i = 0; i < rows; ++i) std::copy_n(a + i * size.k, count, whole_a.data() + i * count);
  add_tile(whole_a.data(), count, panel, count, sums.data(), tile_columns);
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; ++j) c[i * size.n + j] += sums[static_cast<std::size_t>(i * tile_columns + j)];
  }
}

// Rows first ... last - 1 of the product, for one block of steps. a points at the block's first step.
void add_rows(const double* a, const std::vector<double>& panels, const Sizes3& size, std::int64_t count, std::int64_t first,
              std::int64_t last, double* c) {
  for (std::int64_t column = 0; column < size.n; column += tile_columns) {
    const double* panel = panels.data() + column * count;
    for (std::int64_t row = first; row < last; row += tile_rows) {
      const std::int64_t rows = std::min(tile_rows, last - row), columns = std::min(tile_columns, size.n - column);
      double* tile = c + row * size.n + column;
      if (rows == tile_rows && columns == tile_columns) add_tile(a + row * size.k, size.k, panel, count, tile, size.n);
      else add_edge(a + row * size.k, rows, columns, size, panel, count, tile);
    }
  }
}

void add_block(const double* a, const std::vector<double>& panels, const Sizes3& size, std::int64_t count, double* c, int threads) {
  const std::int64_t strips = (size.m + strip - 1) / strip;
  const auto work = [&](int thread) {
    for (std::int64_t i = thread; i < strips; i += threads) {
      add_rows(a, panels, size, count, i * strip, std::min(size.m, (i + 1) * strip), c);
    }
  };
  std::vector<std::jthread> others;
  for (int thread = 1; thread < threads; ++thread) others.emplace_back(work, thread);
  work(0);
}

}  // namespace

at::Tensor matrix_product(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor left = a.contiguous(), right = b.contiguous();
  const Sizes3 size{left.size(0), right.size(1), left.size(1)};
  at::Tensor product = at::zeros({size.m, size.n}, at::kDouble);
  const double multiplications = static_cast<double>(size.m) * static_cast<double>(size.n) * static_cast<double>(std::min(depth, size.k));
  const int threads = std::max(1, std::min(at::get_num_threads(), static_cast<int>(std::min(multiplications / least_work, 1e6))));
  for (std::int64_t first = 0; first < size.k; first += depth) {
    const std::int64_t count = std::min(depth, size.k - first);
    const auto panels = packed(right.data_ptr<double>(), size, first, count);
    add_block(left.data_ptr<double>() + first, panels, size, count, product.data_ptr<double>(), threads);
  }
  return product;
}

}  // namespace ballast::verify
