// SPDX-License-Identifier: Apache-2.0
//
// The noise is a pure function of its seed: the same bits on every processor.

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <string_view>

#include "ballast/core/sha256.hpp"
#include "checks.hpp"

namespace ballast::selftest {
namespace {

// So many samples that some pixels need their second word (noise/grid_kernel.cpp). Rows of 256 pixels are cut short.
constexpr ImageShape bits_shape{3, 17, 16};
constexpr int places = 64, batches = 80;

struct Recorded {
  NoiseKind kind;
  double scale;
  std::string_view digest;
};
constexpr std::array recorded{
    Recorded{NoiseKind::grid, 0.25, "7f5e377ed25c9e33e87e7af258c2d9d76c1fc9bc874cf738c8e61b14b233b981"},
    Recorded{NoiseKind::gaussian, 0.25, "e1d51895f2dda336f8a706c808605e8f6b340bcd72adc04910008b93250c0132"},
    Recorded{NoiseKind::uniform_grid, 0.5, "57bb5ef1fa423f72de3de48d6b5b70a9aac1acb24b38288292fac80543c28867"},
    Recorded{NoiseKind::uniform, 0.5, "2aa104544e9c5e191afc7d19b47df0df0257102e047d70607a1453249a05c39a"},
    Recorded{NoiseKind::laplace_grid, 0.25, "fbd9fe14287d5e8e3407ca732493bb0928ce68ed8910198a8e8c9afdf7bacd79"},
    Recorded{NoiseKind::laplace, 0.25, "2354ae0230c6524b521e8156ea535788c20d03367e8495b44d29da90fe91088e"},
    Recorded{NoiseKind::split, 64 * 80 / 510.0, "d7746cd8af3429bf380babf2874578e0907afa1abe6f659df13f80e50ff40171"}};
static_assert(recorded.size() == noises.size());

// The mathematical library's functions differ in the last bit from one to another.
bool takes_logarithms(NoiseKind kind) { return kind == NoiseKind::gaussian || kind == NoiseKind::laplace; }

Image striped_image() {
  std::vector<std::uint8_t> bytes(bits_shape.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 37 % 256);
  return {bits_shape, std::move(bytes)};
}

}  // namespace

Findings check_bits(NoiseKind kind, const WriteFn& write) {
  const Recorded& expected = recorded[static_cast<std::size_t>(kind)];
  const Image image = striped_image();
  const std::size_t positions = bits_shape.size() / 3;
  std::vector<float> floats(places * bits_shape.size());
  std::vector<std::uint16_t> narrow(floats.size());
  const InputBuffer planar{floats.data(), ElementType::f32, bits_shape, bits_shape.size(), positions, 1};
  const InputBuffer interleaved{narrow.data(), ElementType::bf16, bits_shape, bits_shape.size(), 1, 3};
  Sha256 sha;
  const auto add = [&](const void* data, std::size_t bytes) { sha.add({static_cast<const std::uint8_t*>(data), bytes}); };
  for (std::uint32_t batch = 0; batch < batches; ++batch) {
    const noise::Stream stream{1, noise::Purpose::measurement, kind == NoiseKind::split ? 0 : batch % 3};
    write(image, stream, batch * places, places, planar);
    add(floats.data(), floats.size() * sizeof(float));
    if (batch % 8 != 0) continue;
    write(image, stream, batch * places, places, interleaved);
    add(narrow.data(), narrow.size() * sizeof(std::uint16_t));
  }
  const std::string digest = to_hex(sha.finish());
  Finding finding{"bits", fmt::format("{} noise, {} pixels", traits(kind).name, batches * places * bits_shape.size())};
  finding.found = digest == expected.digest ? digest.substr(0, 16) : digest;
  finding.allowed = expected.digest.substr(0, 16);
  finding.random = false;
  if (digest != expected.digest) finding.verdict = takes_logarithms(kind) ? Finding::Verdict::differs : Finding::Verdict::fails;
  return {finding};
}

std::vector<Check> bit_checks() {
  std::vector<Check> checks;
  for (const Recorded& noise : recorded) {
    checks.emplace_back([&noise] {
      const noise::NoisyWriter writer(noise.kind, noise.scale, std::vector<ChannelAffine>{{4, -2}, {1, 0}, {3.7, -0.3}});
      return check_bits(noise.kind, [&](const Image& image, const noise::Stream& stream, std::uint32_t first, int count,
                                        const InputBuffer& buffer) { writer.write(image, stream, first, count, buffer); });
    });
  }
  return checks;
}

}  // namespace ballast::selftest
