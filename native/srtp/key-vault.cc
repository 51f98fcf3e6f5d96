#include "srtp/key-vault.h"

#include <openssl/rand.h>

#include <array>

namespace sallyport::srtp {

KeyVault& KeyVault::ofProcess() {
  static KeyVault vault;
  return vault;
}

namespace {

constexpr std::size_t kNameOctets = 16;

std::string toHex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text.push_back(digits[byte >> 4]);
    text.push_back(digits[byte & 0x0f]);
  }
  return text;
}

}  // namespace

Result<std::string, VaultFailure> KeyVault::deposit(MasterKey key) {
  std::array<std::uint8_t, kNameOctets> random;
  if (RAND_priv_bytes(random.data(), static_cast<int>(random.size())) != 1) {
    return VaultFailure::randomSourceFailed;
  }

  std::string name = toHex(random);
  const std::lock_guard lock(mutex_);
  if (keys_.size() >= kMaxKeys) return VaultFailure::full;
  keys_.emplace(name, std::move(key));
  return name;
}

std::optional<MasterKey> KeyVault::claim(std::string_view name) {
  const std::lock_guard lock(mutex_);
  auto node = keys_.extract(std::string(name));
  if (node.empty()) return std::nullopt;
  return std::move(node.mapped());
}

std::size_t KeyVault::size() const {
  const std::lock_guard lock(mutex_);
  return keys_.size();
}

}  // namespace sallyport::srtp
