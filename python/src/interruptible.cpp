// SPDX-License-Identifier: Apache-2.0

#include "interruptible.hpp"

#include <pybind11/pybind11.h>

#include <chrono>
#include <future>
#include <stdexcept>

namespace ballast::python {

namespace py = pybind11;

void run_watched(const std::function<void(const std::atomic<bool>& stop)>& work) {
  std::atomic<bool> stop{false};
  std::future<void> done = std::async(std::launch::async, [&] { work(stop); });
  while (done.wait_for(std::chrono::milliseconds(100)) != std::future_status::ready) {
    const py::gil_scoped_acquire gil;
    if (PyErr_CheckSignals() == 0) continue;
    stop = true;
    const py::error_already_set raised;
    {
      const py::gil_scoped_release free;
      done.wait();  // for the micro-batches under way, or another thread's turn
    }
    throw raised;
  }
  done.get();
}

void CancellableExecutor::run(std::uint64_t tasks, const Work& work) {
  executor_.run(tasks, [&](model::Session& session, int worker, std::uint64_t task) {
    if (stop_) throw std::runtime_error("stopped");
    work(session, worker, task);
  });
}

void CancellableExecutor::count(std::uint64_t samples, const WriteSamples& write, std::span<std::uint64_t> votes) {
  const auto write_until_stopped = [&](std::uint64_t first, int count, const InputBuffer& buffer) {
    if (stop_) throw std::runtime_error("stopped");
    write(first, count, buffer);
  };
  executor_.count(samples, write_until_stopped, votes);
}

}  // namespace ballast::python
