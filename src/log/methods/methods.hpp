// SPDX-License-Identifier: Apache-2.0
//
// Each method's own entries of a manifest, written and read in its own file.

#pragma once

#include <type_traits>

#include "ballast/log/manifest.hpp"
#include "ballast/procedure/settings.hpp"

namespace ballast::log {

// settings: what is common to all methods, read already. All reads throw InputError.
template <typename Method>
using Of = std::type_identity<Method>;

void write(Manifest& manifest, const procedure::Settings& settings, const procedure::FixedSamples& method);
void write(Manifest& manifest, const procedure::Settings& settings, const procedure::NamedRadii& method);
void write(Manifest& manifest, const procedure::Settings& settings, const procedure::Tolerance& method);
void write(Manifest& manifest, const procedure::Settings& settings, const procedure::Anytime& method);
void write(Manifest& manifest, const procedure::Settings& settings, const procedure::Splitting& method);
void write(Manifest& manifest, const procedure::Settings& settings, const procedure::Prediction& method);
void write(Manifest& manifest, const procedure::Settings& settings, const procedure::Verification& method);
void write(Manifest& manifest, const procedure::Settings& settings, const procedure::Attack& method);

procedure::FixedSamples read(const Manifest& manifest, const procedure::Settings& settings, Of<procedure::FixedSamples>);
procedure::NamedRadii read(const Manifest& manifest, const procedure::Settings& settings, Of<procedure::NamedRadii>);
procedure::Tolerance read(const Manifest& manifest, const procedure::Settings& settings, Of<procedure::Tolerance>);
procedure::Anytime read(const Manifest& manifest, const procedure::Settings& settings, Of<procedure::Anytime>);
procedure::Splitting read(const Manifest& manifest, const procedure::Settings& settings, Of<procedure::Splitting>);
procedure::Prediction read(const Manifest& manifest, const procedure::Settings& settings, Of<procedure::Prediction>);
procedure::Verification read(const Manifest& manifest, const procedure::Settings& settings, Of<procedure::Verification>);
procedure::Attack read(const Manifest& manifest, const procedure::Settings& settings, Of<procedure::Attack>);

// What the sequential methods share.
void write_sequential(Manifest& manifest, const procedure::Sequential& method);
procedure::Sequential read_sequential(const Manifest& manifest);

}  // namespace ballast::log
