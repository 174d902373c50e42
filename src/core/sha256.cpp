// SPDX-License-Identifier: Apache-2.0

#include "ballast/core/sha256.hpp"

#include <openssl/evp.h>

#include <stdexcept>
#include <vector>

#include "ballast/core/input_file.hpp"

namespace ballast {

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  if (EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) != 1) throw std::runtime_error("SHA-256 is not available");
}

Sha256::~Sha256() = default;

void Sha256::add(std::span<const std::uint8_t> bytes) { EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()); }

void Sha256::add(std::string_view text) { EVP_DigestUpdate(state_->context, text.data(), text.size()); }

void Sha256::add_file(const std::filesystem::path& file) {
  InputFile in(file);
  std::vector<char> block(1 << 16);
  for (std::size_t count = block.size(); count == block.size();) {
    count = in.read(block.data(), block.size());
    add(std::string_view(block.data(), count));
  }
}

Digest Sha256::finish() {
  Digest digest{};
  unsigned size = 0;
  EVP_DigestFinal_ex(state_->context, digest.data(), &size);
  return digest;
}

std::string to_hex(const Digest& digest) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : digest) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::string sha256_of_file(const std::filesystem::path& file) {
  Sha256 hash;
  hash.add_file(file);
  return to_hex(hash.finish());
}

}  // namespace ballast
