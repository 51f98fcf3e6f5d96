#pragma once

#include <openssl/crypto.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace sallyport {

/// Owns key bytes: move-only, wiped when dropped, never compared with ==.
class SecretBytes {
 public:
  /// `size` zeros, to be filled through `fill`.
  explicit SecretBytes(std::size_t size)
      : bytes_(std::make_unique<std::uint8_t[]>(size)), size_(size) {}

  static SecretBytes copyOf(std::span<const std::uint8_t> source) {
    SecretBytes copy(source.size());
    std::ranges::copy(source, copy.bytes_.get());
    return copy;
  }

  SecretBytes(SecretBytes&& other) noexcept
      : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}
  SecretBytes& operator=(SecretBytes&&) = delete;  // would drop bytes unwiped
  ~SecretBytes() {
    if (bytes_) OPENSSL_cleanse(bytes_.get(), size_);
  }
  bool operator==(const SecretBytes&) const = delete;

  std::size_t size() const noexcept { return size_; }
  std::span<const std::uint8_t> reveal() const noexcept { return {bytes_.get(), size_}; }
  std::span<std::uint8_t> fill() noexcept { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t size_;
};

}  // namespace sallyport
