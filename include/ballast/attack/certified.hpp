// SPDX-License-Identifier: Apache-2.0
//
// A log of certificates as what an attack is to refute.

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ballast/attack/procedure.hpp"
#include "ballast/log/manifest.hpp"
#include "ballast/log/record.hpp"
#include "ballast/log/settings.hpp"

namespace ballast::attack {

// What a log says of one image: within this radius in l2 the answer is this class.
struct Certificate {
  Label label = 0;  // the image's own
  Label predicted = 0;
  double radius = 0;  // above 0
};

struct Certificates {
  std::map<std::uint64_t, Certificate> by_index;  // where the log abstains there is none
  std::optional<log::Manifest> manifest;          // a log of the reference implementation has neither
  std::optional<procedure::Settings> settings;
};

// From a log of certify or verify. Throws InputError naming the file where it cannot be read, is of predict or of attack, has
// certificates in another norm or no real ones (counts that were scaled), or holds no certificate above radius 0.
Certificates certificates_from(const std::filesystem::path& file);

// Throws InputError naming the first entry in which a log's manifest says another thing of model or images than `here`: an answer
// of another model refutes nothing. file: for the message.
void require_same_subject(const log::Manifest& there, const log::Manifest& here, const std::string& file);

// Those of the indices whose images have a certificate. Throws InputError if none has.
std::vector<std::size_t> certified_among(const std::vector<std::size_t>& indices, const Certificates& certificates);

// The certified class, at `factor` times the certified radius. Throws InputError where an image's label is not the log's.
TargetOf targets_of(Certificates certificates, double factor);

// The rows that refute a certificate: at a factor below 1, attacks that succeeded. (Others left the certified ball.)
std::vector<log::Record> refutations(const std::vector<log::Record>& rows, double factor);

}  // namespace ballast::attack
