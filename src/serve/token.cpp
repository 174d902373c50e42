// SPDX-License-Identifier: Apache-2.0

#include "token.hpp"

#include "ballast/core/sha256.hpp"

namespace ballast::serve {

namespace {

Digest digest_of(std::string_view text) {
  Sha256 hash;
  hash.add(text);
  return hash.finish();
}

}  // namespace

bool bearer_token_matches(std::string_view header, std::string_view token) {
  constexpr std::string_view scheme = "Bearer ";
  if (!header.starts_with(scheme)) return false;
  const Digest shown = digest_of(header.substr(scheme.size())), wanted = digest_of(token);
  unsigned difference = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) difference |= static_cast<unsigned>(shown[i] ^ wanted[i]);
  return difference == 0;
}

}  // namespace ballast::serve
