#pragma once

#include <openssl/crypto.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/secret-memory.h"

namespace sallyport {

/// Owns key bytes: move-only, in memory that is kept out of dumps, wiped when dropped, never
/// compared with ==.
class SecretBytes {
 public:
  /// `size` zeros, to be filled through `fill`.
  explicit SecretBytes(std::size_t size)
      : bytes_(SecretMemory::ofProcess().take(size)), size_(size) {}

  static SecretBytes copyOf(std::span<const std::uint8_t> source) {
    SecretBytes copy(source.size());
    std::ranges::copy(source, copy.bytes_);
    return copy;
  }

  SecretBytes(SecretBytes&& other) noexcept
      : bytes_(std::exchange(other.bytes_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  SecretBytes& operator=(SecretBytes&&) = delete;  // would drop bytes unwiped
  ~SecretBytes() {
    if (bytes_ == nullptr) return;
    OPENSSL_cleanse(bytes_, size_);
    SecretMemory::ofProcess().giveBack(bytes_, size_);
  }
  bool operator==(const SecretBytes&) const = delete;

  std::size_t size() const noexcept { return size_; }
  std::span<const std::uint8_t> reveal() const noexcept { return {bytes_, size_}; }
  std::span<std::uint8_t> fill() noexcept { return {bytes_, size_}; }

 private:
  std::uint8_t* bytes_;
  std::size_t size_;
};

}  // namespace sallyport
