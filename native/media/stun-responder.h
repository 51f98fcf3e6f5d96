#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/token-bucket.h"
#include "crypto/hmac-sha1.h"
#include "media/transport-address.h"

namespace sallyport::media {

enum class StunRefusal : std::uint8_t {
  /// No Binding request; indications are among these.
  notARequest,
  /// Not signed with our password, or for another username.
  unauthenticated,
  tooMany,
};

/// Answers STUN Binding requests on a media port (RFC 8489), also as an ICE agent that has no
/// candidates to check (RFC 8445 §2.5, "lite"). Who asks without leave hears nothing: no errors go
/// to strangers, and no answer is much longer than its request.
class StunResponder {
 public:
  /// Answers any request.
  StunResponder() noexcept = default;
  /// Answers requests for `usernameFragment` that are signed with `password`, and signs the
  /// answers (RFC 8489 §9.1, RFC 8445 §7.3).
  StunResponder(std::string_view usernameFragment, std::span<const std::uint8_t> password);

  /// Puts the answer to the first `length` octets of `room` in their place and returns its length.
  /// `room` has at least `StunAnswer::kMaxOctets`.
  [[nodiscard]] Result<std::size_t, StunRefusal> answer(std::span<std::uint8_t> room,
                                                        std::size_t length,
                                                        const TransportAddress& from,
                                                        std::uint64_t nowMs) noexcept;

 private:
  [[nodiscard]] bool isForUs(std::span<const std::uint8_t> username) const noexcept;

  bool isSigning_ = false;
  /// With the colon that ends it in a username.
  std::string prefix_;
  crypto::HmacSha1 hmac_;
  TokenBucket rate_{50, 50};
};

}  // namespace sallyport::media
