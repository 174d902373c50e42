// SPDX-License-Identifier: Apache-2.0
//
// Networks, up to a session that could classify, and what lies beside them.

#include "ballast/graph/onnx.hpp"
#include "ballast/graph/passes.hpp"
#include "ballast/model/folder.hpp"
#include "ballast/model/open.hpp"
#include "folder.hpp"
#include "readers.hpp"

namespace ballast::fuzz {

bool is_graph_read(std::span<const char> bytes) {
  return is_read([&] {
    graph::Graph graph = graph::parse_onnx(bytes, "damaged.onnx");
    if (graph.classes() < 2) throw std::logic_error("fewer than two classes");
    fold_batch_norms(graph);
    fold_biases(graph);
    shortcuts_to_convolutions(graph);
    recognise_operations(graph);
    if (graph.classes() < 2) throw std::logic_error("fewer than two classes");
  });
}

// Beside it lie 256 bytes of weights, in a file `weights`.
void read_onnx(Bytes input) {
  static const Folder folder("onnx");
  static const std::filesystem::path weights = folder.write("weights", std::string(256, '@'));
  const std::filesystem::path file = folder.write("model.onnx", input);
  is_read([&] {
    graph::OnnxOptions options;
    options.shape = ImageShape{1, 4, 4};
    graph::LoadedGraph loaded = graph::load_onnx_and_digest(file, options);
    model::class_names_of(loaded.graph, loaded.graph.classes());
    model::ModelOptions how;
    how.micro_batch = 1;
    model::classifier_from(std::move(loaded.graph), how)->new_session();
  });
}

// config.json, preprocessor_config.json or a list of classes, as the first byte says.
void read_model_folder(Bytes input) {
  static const Folder folder("folder");
  static const std::filesystem::path model = folder.write("model.onnx", ".");
  if (input.empty()) return;
  const std::string names[] = {"config.json", "preprocessor_config.json", "classes"};
  const std::string& name = names[input[0] % 3];
  for (const std::string& other : names) std::filesystem::remove(folder / other);
  const std::filesystem::path file = folder.write(name, input.subspan(1));
  is_read([&] {
    if (name == "classes") model::read_class_names(file);
    else if (const auto read = model::read_model_folder(folder / ""); read.preprocessing) to_string(*read.preprocessing);
  });
}

}  // namespace ballast::fuzz
