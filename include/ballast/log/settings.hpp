// SPDX-License-Identifier: Apache-2.0
//
// Settings as entries of a manifest: how a log's rows were concluded from
// their votes, so that they can be concluded again.

#pragma once

#include "ballast/log/manifest.hpp"
#include "ballast/log/record.hpp"
#include "ballast/procedure/settings.hpp"

namespace ballast::log {

using procedure::Settings;

// The columns of a log of these settings.
Kind kind_of(const Settings& settings);

// What a method does not use is left out.
void add_to(Manifest& manifest, const Settings& settings);

// Throws InputError saying what is missing or not allowed.
Settings settings_from(const Manifest& manifest);

}  // namespace ballast::log
