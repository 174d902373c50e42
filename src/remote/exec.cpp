// SPDX-License-Identifier: Apache-2.0

#include "exec.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <utility>

#include "ballast/core/errors.hpp"
#include "npy_header.hpp"
#include "process.hpp"

namespace ballast::remote {
namespace {

static_assert(std::endian::native == std::endian::little, ".npy files are little-endian");

class CommandPeer : public Peer {
 public:
  CommandPeer(const std::string& command, const Options& options, Spend spend)
      : options_(options), spend_(std::move(spend)), process_(command) {}

  void ask(std::span<const float> images, std::span<Label> labels) override {
    spend_(labels.size());
    const ImageShape& s = options_.shape;
    const std::array<std::size_t, 4> shape{labels.size(), static_cast<std::size_t>(s.channels), static_cast<std::size_t>(s.height),
                                           static_cast<std::size_t>(s.width)};
    const auto deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options_.timeout));
    process_.write(data::float_npy_header(shape), {reinterpret_cast<const std::uint8_t*>(images.data()), images.size_bytes()}, deadline);
    process_.read_labels(labels, *options_.classes, deadline);
  }

 private:
  const Options& options_;
  Spend spend_;
  Process process_;
};

class Commands : public Peers {
 public:
  Commands(std::string command, const Options& options) : command_(std::move(command)), options_(options) {
    require(!command_.empty(), "exec: names no command");
    require(options.classes.has_value(), "exec: --classes is required: how many classes the command tells apart");
  }

  std::unique_ptr<Peer> another(const Spend& spend) const override { return std::make_unique<CommandPeer>(command_, options_, spend); }
  int classes() const override { return *options_.classes; }
  Layout layout() const override { return {options_.shape.size() / static_cast<std::size_t>(options_.shape.channels), 1}; }
  std::string name() const override { return "exec"; }
  std::string description() const override { return fmt::format("exec:{}\nclasses {}", command_, *options_.classes); }

 private:
  std::string command_;
  Options options_;
};

}  // namespace

std::unique_ptr<Peers> commands(const std::string& command, const Options& options) { return std::make_unique<Commands>(command, options); }

}  // namespace ballast::remote
