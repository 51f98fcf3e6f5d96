#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "crypto/sha1.h"

namespace sallyport::crypto {

/// HMAC-SHA1 (RFC 2104) under one key. What depends on the key alone is computed when it is set
/// (RFC 2104 §4), so that a short message costs two blocks less. Never allocates; wiped when
/// dropped. Not thread-safe.
class HmacSha1 {
 public:
  using Tag = std::array<std::uint8_t, kSha1DigestOctets>;

  /// Ready for messages under the empty key.
  explicit HmacSha1(Sha1Compress compress = fastestSha1()) noexcept;
  ~HmacSha1();
  HmacSha1(const HmacSha1&) = delete;
  HmacSha1& operator=(const HmacSha1&) = delete;

  /// Any length; more than 64 octets are hashed first (RFC 2104 §2). Starts a message.
  void setKey(std::span<const std::uint8_t> key) noexcept;

  /// Drops what there is of a message and starts the next.
  void start() noexcept;
  void update(std::span<const std::uint8_t> part) noexcept;
  /// The tag of all parts since the start. Starts the next message.
  Tag finish() noexcept;

 private:
  using Block = std::array<std::uint8_t, kSha1BlockOctets>;

  void begin(const Sha1State& state, std::uint64_t octetsBefore) noexcept;
  Tag finishHash() noexcept;
  std::size_t buffered() const noexcept { return octets_ % kSha1BlockOctets; }

  Sha1Compress compress_;
  /// After the block of key ⊕ ipad, and of key ⊕ opad.
  Sha1State inner_;
  Sha1State outer_;
  Sha1State state_;
  /// Hashed so far, the block of the key included.
  std::uint64_t octets_ = 0;
  Block buffer_;
};

}  // namespace sallyport::crypto
