#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "base/secret-bytes.h"
#include "srtp/suite.h"

namespace sallyport::srtp {

enum class MasterKeyFailure : std::uint8_t { wrongLength, randomSourceFailed };

/// A master key and salt for one suite (RFC 3711 §3.2.1). Wiped when dropped.
class MasterKey {
 public:
  /// Fresh from OpenSSL's private random generator.
  static Result<MasterKey, MasterKeyFailure> generate(Suite suite);

  /// Copies `keyAndSalt`, which must have exactly the suite's length; the caller wipes his own.
  static Result<MasterKey, MasterKeyFailure> copyOf(Suite suite,
                                                    std::span<const std::uint8_t> keyAndSalt);

  Suite suite() const noexcept { return suite_; }
  /// Key ‖ salt.
  std::span<const std::uint8_t> reveal() const noexcept { return bytes_.reveal(); }

 private:
  MasterKey(Suite suite, SecretBytes bytes) noexcept : suite_(suite), bytes_(std::move(bytes)) {}

  Suite suite_;
  SecretBytes bytes_;
};

}  // namespace sallyport::srtp
