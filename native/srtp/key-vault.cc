#include "srtp/key-vault.h"

#include <openssl/rand.h>

#include <array>

#include "base/secret-memory.h"

namespace sallyport::srtp {

KeyVault& KeyVault::ofProcess() {
  SecretMemory::ofProcess();  // outlives the vault
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

std::optional<std::string> KeyVault::newName() {
  std::array<std::uint8_t, kNameOctets> random;
  if (RAND_priv_bytes(random.data(), static_cast<int>(random.size())) != 1) return std::nullopt;
  return toHex(random);
}

Result<std::string, VaultFailure> KeyVault::deposit(MasterKey key) {
  std::optional<std::string> name = newName();
  if (!name) return VaultFailure::randomSourceFailed;
  if (!keep(*name, std::move(key))) return VaultFailure::full;
  return std::move(*name);
}

bool KeyVault::keep(std::string name, MasterKey key) {
  const std::lock_guard lock(mutex_);
  if (keys_.size() >= kMaxKeys) return false;
  return keys_.emplace(std::move(name), std::move(key)).second;
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
