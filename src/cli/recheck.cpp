// SPDX-License-Identifier: Apache-2.0

#include "recheck.hpp"

#include <fmt/format.h>

#include "ballast/core/errors.hpp"
#include "ballast/verify/threads.hpp"
#include "fit.hpp"
#include "verification.hpp"

namespace ballast::cli {
namespace {

void require_same_models(const log::Manifest& there, const Verification& verification) {
  log::Manifest here;
  verification.describe(here);
  for (const auto& entry : here.entries) {
    const bool of_model =
        entry.name.starts_with("model_") && entry.name.ends_with("sha256") && log::role_of(entry.name) == log::Role::decides;
    const bool of_input = entry.name.starts_with("input_");
    if (!of_model && !of_input) continue;
    const auto* before = there.find(entry.name);
    require(before && before->json == entry.json,
            fmt::format("{} is {} there, {} here: not the models of this log", entry.name, before ? before->json : "missing", entry.json));
  }
}

}  // namespace

std::string recheck_verified(log::Audit& audit, const ModelArguments& model, const std::vector<std::string>& cascade,
                             std::unique_ptr<data::Dataset>& images, int label_offset, const std::vector<std::size_t>& rows,
                             const std::function<void()>& tell) {
  VerificationArguments arguments{model, cascade};
  arguments.take(*audit.settings);
  verify::use_threads(model.threads);
  const Verification verification(arguments, *images, 1);
  require_same_models(*audit.manifest, verification);
  const std::string label_map = fit_classes(images, verification.models().front().opened, label_offset);
  require(label_map == audit.manifest->text("label_map").value_or(""),
          "labels are other classes of the model here than in the log (label_map)");
  for (const std::size_t i : rows) {
    const log::Record& row = audit.log.rows[i];
    require(row.index < images->size(), fmt::format("image {} is not in the data, which has {}", row.index, images->size()));
    const std::string objection = verification.objection(row, images->at(row.index));
    if (!objection.empty()) audit.findings.push_back({audit.log.lines[i], "redrawn", objection});
    tell();
  }
  return "";
}

}  // namespace ballast::cli
