// SPDX-License-Identifier: Apache-2.0

#include "ballast/verify/cascade.hpp"

#include <algorithm>
#include <vector>

namespace ballast::verify {

CascadeAnswer answer_of_cascade(std::span<const Verifier* const> models, std::span<const double> image, double radius) {
  std::vector<Label> answers;
  for (const Verifier* model : models) answers.push_back(model->predict(image));
  const bool agree = std::all_of(answers.begin(), answers.end(), [&](Label answer) { return answer == answers.front(); });
  for (std::size_t i = 0; i < models.size(); ++i) {
    if (models[i]->certifies(image, answers[i], radius)) return {answers[i], static_cast<std::uint32_t>(i + 1), agree};
  }
  return {answers.front(), 0, false};
}

}  // namespace ballast::verify
