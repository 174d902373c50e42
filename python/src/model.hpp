// SPDX-License-Identifier: Apache-2.0
//
// A network that stays open between calls.

#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "ballast/graph/graph.hpp"
#include "ballast/model/open.hpp"
#include "ballast/smooth/thread_pool.hpp"

namespace ballast::python {

// Read once; compiled for the shape of the images and the threads that are asked for, and again only where these change.
class Model {
 public:
  // options.shape is not used. Throws InputError if the file cannot be read.
  Model(std::string file, const model::ModelOptions& options);
  ~Model();

  const std::string& file() const { return file_; }
  const std::string& sha256() const { return sha256_; }
  // How the file was taken where it leaves a choice: entries of a manifest.
  const std::map<std::string, std::string>& reading() const { return graph_.reading; }

  // Calls use with a pool for images of this shape; where another thread is using one, when that is done. threads: 0 for one
  // a core. Throws InputError where model and images do not fit. The GIL must not be held.
  void with_pool(const ImageShape& shape, int threads, const std::function<void(smooth::ThreadPool&)>& use);

 private:
  struct Compiled;
  Compiled& compiled_for(const ImageShape& shape, int threads);

  std::string file_, sha256_;
  graph::Graph graph_;
  model::ModelOptions options_;
  std::mutex mutex_;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace ballast::python
