// SPDX-License-Identifier: Apache-2.0

#include "ballast/noise/noisy_writer.hpp"

#include <array>
#include <cassert>

#include "kernel.hpp"
#include "store.hpp"

namespace ballast::noise {
namespace {

constexpr std::array<std::pair<NoiseKind, std::string_view>, 7> names{{{NoiseKind::grid, "grid"},
                                                                       {NoiseKind::gaussian, "gaussian"},
                                                                       {NoiseKind::uniform_grid, "uniform-grid"},
                                                                       {NoiseKind::uniform, "uniform"},
                                                                       {NoiseKind::laplace_grid, "laplace-grid"},
                                                                       {NoiseKind::laplace, "laplace"},
                                                                       {NoiseKind::split, "split"}}};

}  // namespace

std::string_view to_string(NoiseKind kind) {
  for (const auto& [value, name] : names) {
    if (value == kind) return name;
  }
  return {};
}

std::optional<NoiseKind> noise_kind_from(std::string_view name) {
  for (const auto& [value, known] : names) {
    if (known == name) return value;
  }
  return {};
}

std::optional<NoiseLaw> law_of(NoiseKind kind) {
  switch (kind) {
    case NoiseKind::grid:
    case NoiseKind::gaussian: return NoiseLaw::gaussian;
    case NoiseKind::uniform_grid:
    case NoiseKind::uniform: return NoiseLaw::uniform;
    case NoiseKind::laplace_grid:
    case NoiseKind::laplace: return NoiseLaw::laplace;
    case NoiseKind::split: break;
  }
  return {};
}

bool needs_8bit(NoiseKind kind) {
  switch (kind) {
    case NoiseKind::grid:
    case NoiseKind::uniform_grid:
    case NoiseKind::laplace_grid:
    case NoiseKind::split: return true;
    case NoiseKind::gaussian:
    case NoiseKind::uniform:
    case NoiseKind::laplace: break;
  }
  return false;
}

NoisyWriter::NoisyWriter(NoiseKind kind, double scale, std::vector<ChannelAffine> affine) {
  const std::optional<NoiseLaw> law = law_of(kind);
  if (!law) kernel_ = Kernel::split(scale, std::move(affine));
  else if (needs_8bit(kind)) kernel_ = Kernel::grid({*law, scale}, std::move(affine));
  else kernel_ = Kernel::floats({*law, scale}, std::move(affine));
}

NoisyWriter::~NoisyWriter() = default;
NoisyWriter::NoisyWriter(NoisyWriter&&) noexcept = default;
NoisyWriter& NoisyWriter::operator=(NoisyWriter&&) noexcept = default;

void NoisyWriter::check(const Image& image) const { kernel_->check(image); }

void NoisyWriter::write(const Image& image, const Stream& stream, std::uint32_t first, int count, const InputBuffer& buffer) const {
  assert(image.shape == buffer.shape);
  for (int place = 0; place < count; ++place) {
    kernel_->write(image, stream, first + static_cast<std::uint32_t>(place), static_cast<std::size_t>(place), buffer);
  }
}

double NoisyWriter::law_error(std::size_t pixels) const { return kernel_->law_error(pixels); }

std::uint64_t NoisyWriter::splits() const { return kernel_->splits(); }

void write_clean(const Image& image, std::span<const ChannelAffine> affine, int place, const InputBuffer& buffer) {
  const std::vector<float> pixels = image.unit_pixels();
  const std::size_t positions = image.shape.size() / static_cast<std::size_t>(image.shape.channels);
  at_place(buffer, static_cast<std::size_t>(place), [&](auto* start) {
    using Element = std::remove_reference_t<decltype(*start)>;
    for (std::size_t pixel = 0; pixel < pixels.size(); ++pixel) {
      const std::size_t channel = pixel / positions;
      const double unit = image.is_8bit() ? image.bytes()[pixel] / 255.0 : static_cast<double>(pixels[pixel]);
      start[channel * buffer.channel_stride + pixel % positions * buffer.position_stride] = stored<Element>(apply(affine[channel], unit));
    }
  });
}

}  // namespace ballast::noise
